"""The content that each prepared split must have: sha256 as computed by tasks.data.store.content_checksum.

Those of scenes change with the version of their builder, and with Pillow's resampling: version 13 rounds one grey level
otherwise than 11 and 12 did, in a few pixels of about one scene in ninety. NumPy 2.2 and 2.4, SciPy 1.15 and 1.17,
scikit-image 0.25 and 0.26 were tried and make no difference. A mismatch says that results would not compare exactly.
"""

PILLOW_MAJOR = 13
STAMPS_VERSION = "2022.06.04"  # of Debian's tuxpaint-stamps-default

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

_ALL_ITEMS = {
    "train": "aad724f1514defc50abe0c762a1c40244446787c46f8f6283a22f0cbcb3915dd",
    "validation": "3ee77df0ec9dfb896eea33ee87c8da34efdac757f0e78b8100ddddee344d5885",
    "test": "463a5bf59a767a9e6345b75c0e669c1d9241b16c74f0003127fc90c1191c7620",
}
PINNED_ITEMS: dict[str, dict[str, str]] = {
    "tiny": {
        "train": "716a1cc15761cb076458a0ecfb4168746a5b482e9ba6067c47de2f8aca95805d",
        "validation": "87c1958dd4f58eb9ce288004d7e4ef030c53e03dd084bcc79626e59347b5d872",
        "test": "64d139268c7b2a9bdd284f519d9fe163abb65814dd1024c1dce8e22b3f1b1e7c",
    },
    "smoke": {
        "train": "d66ef49f3b26cc869c7a085570d032a4f64d8309b31800d9f62c720006047b7d",
        "validation": "3c1a4ea1c47804b1771336315b7b28f6596c1ca50dad010b5e5e5571d915c447",
        "test": "db84d9446b581072b27041a51a03fcdd367b60c5c91a8b729949b105c1a91b41",
    },
    "quick": _ALL_ITEMS,
    "full": _ALL_ITEMS,
}

PINNED_PHOTO_OBJECTS: dict[str, dict[str, str]] = {
    "tiny": {
        "train": "3909dabdb8b0459029ba809a6890a55495d58b75669197a1c4a371b69e631cc7",
        "validation": "70bede656f1202fc6751d10ee372457db05b83498d9b449d47a24bb6caf858c7",
        "test": "a3b08c2ca6467fa30c7a24560840780007cc2d21aa24b06c50185c64d4ab2a89",
    },
    "smoke": {
        "train": "b1bf935e1213e8d73dd4fe9403e6ceac0ea91b18cefa63488549eba8e5b9b3f0",
        "validation": "303887ec950e67c9f222021aabfe7451af3fc762efbccd933ca05e18dc2322ea",
        "test": "56eea1ba91bacd369ad65fb1a5e9a6e92166105164ab6bdcdfb78131df005bdb",
    },
    "quick": {
        "train": "e868106c5a16828220976496d1f4a5190911da9ce88e0ee23d2d36fc4bdb3181",
        "validation": "c45336fab534e3405825d8285d824b8883c9217ed9bbdbe59c595d02043d33cd",
        "test": "482ff07d9dcd5f2a083ba8a74b3f4e6498560eab3690a8e27272b1637ba98d2f",
    },
}
