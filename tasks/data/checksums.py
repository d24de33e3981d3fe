"""The content that each prepared split must have: sha256 as computed by tasks.data.scenes.content_checksum.

They change with the version of FashionScenes, and with Pillow's resampling: version 13 rounds one grey level otherwise
than 11 and 12 did, in a few pixels of about one scene in ninety. NumPy 2.2 and 2.4, SciPy 1.15 and 1.17, scikit-image
0.25 and 0.26 were tried and make no difference. A mismatch says that results would not compare exactly.
"""

PILLOW_MAJOR = 13

PINNED: dict[str, dict[str, str]] = {
    "tiny": {
        "train": "ff7405ad8ddcf38e22438728ab9b00be719d5756a34262177c0ba8d74824a705",
        "validation": "2106cc750d7ac844dccde21f29c388ceb2a6a071793d068f90aad4361b7924b5",
        "test": "c5b35fe6f30583c06ded24ccb56f9147e324bc13130d629952a122d707fa53f1",
    },
    "smoke": {
        "train": "e22189c6ea2949cd02c600477e75f6338f9439dc39c3657b63a01f983be10aca",
        "validation": "1b1dab093dcba2e98acb55a3208ab1e7eeb87862a4a13a6ad07372fdc43acf3f",
        "test": "91861f2de2b7a820483d872d8b7731023169c72ee76b7c3ec6fd7af966aecd51",
    },
    "quick": {
        "train": "673cd70bbb11fd3d9bdede71e8a9ab2b2c0e5301e1cebb618407584a3b7f7ed2",
        "validation": "4ecb4432635470c10c45f39e81148477bcb6cc18a6504827493b64313a97ce72",
        "test": "0d3e559f99b2a65ff0ddd7ab30e082f3d5cffa73ed725ba6f17912e680a3501c",
    },
    "full": {
        "train": "b9383229025efc625b66fe6af01f8157349e61d6ef008e65b8225644bf44a917",
        "validation": "7bce6c57723449528111cba443a4606cfbef05af63864208a94286f1b63795b0",
        "test": "0cd0b4c2d1813c695134581be9e21a04ce429b7647a56a8a0e7e756ae3d52c00",
    },
}
