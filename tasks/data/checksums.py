"""The content that each prepared split must have: sha256 as computed by tasks.data.store.content_checksum.

Those of composed images change with how they are composed, and with Pillow's resampling: version 13 rounds one grey
level otherwise than 11 and 12 did, in a few pixels of about one scene in ninety. NumPy 2.2 and 2.4, SciPy 1.15 and
1.17 were tried on the first version of the data and made no difference. A mismatch says that results would not compare
exactly.
"""

PILLOW_MAJOR = 13
STAMPS_VERSION = "2022.06.04"  # of Debian's tuxpaint-stamps-default

_ALL_ITEMS = {
    "train": "aad724f1514defc50abe0c762a1c40244446787c46f8f6283a22f0cbcb3915dd",
    "validation": "3ee77df0ec9dfb896eea33ee87c8da34efdac757f0e78b8100ddddee344d5885",
    "test": "463a5bf59a767a9e6345b75c0e669c1d9241b16c74f0003127fc90c1191c7620",
}
_ITEMS = {
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

PINNED: dict[str, dict[str, dict[str, str]]] = {
    "fashion_items": _ITEMS,
    "fashion_objects": {
        "tiny": {
            "train": "983e97e68fee0423ba218c7f62c2e79be468d2ab3ae2431ac8319555ddaa1664",
            "validation": "ce09e76453171eb28a07dd4fed87a535ba9136a39150eb49168427840261949c",
            "test": "5405be63bee8027dd94de45bf9ef5760cc2acf2e2c4ee2b7ec47fa7466fc9524",
        },
        "smoke": {
            "train": "d598d6003fd05e251208424137b3747e637447cc7388f5d39ec37b0891b8d008",
            "validation": "d50d2cb9719dc27afc0e8fb1540870c7c462b627b489899e9e141bf01e60938b",
            "test": "cf22e06bd434eccafcc2bf625107b69b30e3ec0b6b6979a519846051f6d9e7be",
        },
        "quick": {
            "train": "12e620bff2f52946dd59aa9b2cbcef671b8f74068fd73163aa16b480e610fc64",
            "validation": "1821eb7eed6c74c9c255c66314629d139574de8c6e990e73eda47c534ae027d6",
            "test": "fbfaccb323e8ceee0afc5ad8893b96a0904d21512ec8e1fea023f9a5f847c264",
        },
        "full": {
            "train": "10ba012fbd76533a5012619cc9051f1c832649993bb4114b159f824ac80c2ea6",
            "validation": "f177213211babe500a3c14f7b832aa1d2f9c3dc326e1f8296f4118c8fffcfbd8",
            "test": "a6aeb27b4dfaa0a53ee9ea9c9dfa1159e4882801275148f60a2b50d54da72537",
        },
    },
    "fashion_scenes": {
        "tiny": {
            "train": "f161a926b315bc586a8727b03c639e773db5650b87cbf34fab86d14b042c53b0",
            "validation": "3b187f0d950d078c80e99c549c3678d881731d8276dd4ce42bcac476855ef466",
            "test": "dd4134ca4e45a65772abd3c0aa754f84c699d1ca2ca87481a6792266ee4b1358",
        },
        "smoke": {
            "train": "b6001870f1c9908f707a964975e178136c8686a6e7d6a92496da9b41960352de",
            "validation": "172ab412afc826f6e446d04896d43de8bf4e017b47a50dc1573e275f02f854c4",
            "test": "b77eb0c5144930d6dd7da0fc130971c400c3588b4d72a2b414d1dff857990afc",
        },
        "quick": {
            "train": "b28c212a180d684def66fe8550caab0663476be590aeee8e7ff7304940924b23",
            "validation": "b9e0ba43902fb29ffaf70f1848944f990195aeb64cabd7ed74e939c80c60cb3a",
            "test": "e9b4119ddffd082dfbc3708defb15e2b441f1419ff2ab175563157a6324f6223",
        },
        "full": {
            "train": "6507ead3b2d92531f9d53a9cb288402440c466f3ff7ce119271492c0258bda70",
            "validation": "07cfea6d300171633202c0de5001c107eacb081e90ed2bb61f57c370badcdab5",
            "test": "d10ead474ef7f2dd8fc80c3ac9772e60a347776bf676360b8ca5bb826c09da68",
        },
    },
    "photo_objects": {
        "tiny": {
            "train": "0905f0a76e2bf613bcf9b86bad2c0dacf9651c85b5554f90d9d2ef9c5b6cbc6f",
            "validation": "602d8ad64f4d8695a5777d4ed571c4684d79190ceda16a7f5671e57b390e0629",
            "test": "4da5f33eab82e73f10d23df0b216c02c88182a52e487e5a4cef4c81430cbe7fe",
        },
        "smoke": {
            "train": "c9675d2b097aac5958c01ae18a5492394e9b8b5b2c107554a9030c81eeafb95b",
            "validation": "8306526136e8b77144d356807709da08b93e3e4f226c3c56a3cd9b6dfec61d76",
            "test": "724379898dbd1e1f6eaecf8b2235387f37a9239701075fb4c448e7534a2918b9",
        },
        "quick": {
            "train": "e8a1e64fb1ae8a8f27bf55df4e392a0582dc65ab64f9e518fe5838f4ebe31846",
            "validation": "462a5f883630864f6161d0d546567b594df0089f42b0335278aed86d836d5111",
            "test": "63a1fc5c6783315a9ecc8041cf43921c9365c248dfe629627cc3b42e7a7ac7b6",
        },
    },
}
