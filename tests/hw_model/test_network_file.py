import json

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from hw_model.blocks import MAX_CHANNELS, Block
from hw_model.cost import count_macs, count_params
from hw_model.errors import HardwareInputError
from hw_model.kinds import KINDS
from hw_model.network_file import EXAMPLES, load_network, parse_network
from hw_model.network_schema import network_schema
from hw_model.network_text import network_content, summary

GOOD = {"input": [32, 32, 3], "blocks": [{"kind": "conv", "channels": 8, "stride": 2}, {"kind": "conv", "channels": 8}]}


@pytest.mark.parametrize(
    ("name", "million_macs", "million_parameters"),
    # as its authors give them: arXiv:1801.04381, table 4, and the table of their published checkpoints
    [("mobilenet_v2_100", 300, 3.47), ("mobilenet_v2_050", 97, 1.95)],
)
def test_shipped_mobilenets_have_the_published_size(name, million_macs, million_parameters):
    blocks = load_network(EXAMPLES / f"{name}.json").blocks
    assert count_macs(blocks) / 1e6 == pytest.approx(million_macs, rel=0.01)
    assert count_params(blocks) / 1e6 == pytest.approx(million_parameters, rel=0.01)


def test_every_shipped_network_can_be_read():
    networks = [load_network(path) for path in EXAMPLES.glob("*.json")]
    assert {"ibn", "fused_ibn", "depthwise", "global_pool"} <= {block.kind for n in networks for block in n.blocks}
    assert len({network.name for network in networks}) == len(networks) == 4
    assert load_network("ds_cnn") == load_network(EXAMPLES / "ds_cnn.json")


def test_shapes_follow_from_the_input_and_defaults_apply():
    network = parse_network(
        {
            "name": "tiny",
            "input": [33, 20, 3],
            "blocks": [
                {"kind": "conv", "channels": 16, "stride": 2},
                {"kind": "ibn", "channels": 16, "expansion": 4, "residual": True, "repeat": 2},
                {"kind": "upsample"},
                {"kind": "global_pool"},
            ],
        }
    )
    ibn = Block("ibn", 17, 10, 16, 16, 3, 1, 4, residual=True)
    tail = (Block("upsample", 17, 10, 16, 16, 1, 2), Block("global_pool", 34, 20, 16, 16, 1))
    assert network == ("tiny", (Block("conv", 33, 20, 3, 16, 3, 2), ibn, ibn, *tail), (0, 1, 1, 2, 3))


@pytest.mark.parametrize(
    ("field", "size"), [("kernel", 2), ("kernel", 8), ("kernel", 9), ("kernel", 64), ("stride", 4), ("stride", 64)]
)
def test_an_even_or_large_window_may_be_one_number_as_well_as_two(field, size):
    one, two = (
        parse_network({"input": [64, 64, 3], "blocks": [{"kind": "conv", "channels": 8, field: value}]}).blocks
        for value in (size, [size, size])
    )
    assert one == two
    content = json.loads(json.dumps(network_content("large", one, "somewhere")))
    assert parse_network(content).blocks == one


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "attention"}, "block 1: unknown kind 'attention'; allowed: conv"),
        ({"channels": -8}, "block 1 (conv): out_channels is -8; allowed: whole numbers 1 to"),
        ({"channels": float("nan")}, "it holds NaN; allowed: finite numbers"),
        ({"channels": None}, "block 1 (conv): out_channels is None"),
        ({"channels": 10**30}, "a whole number of 31 digits; allowed: at most 19"),
        ({"channels": 10**18}, "block 1 (conv): out_channels is 1000"),
        ({"kernel": 0}, "block 1 (conv): kernel is 0; allowed: whole numbers 1 to 64"),
        ({"kernel": 65}, "block 1 (conv): kernel is 65; allowed: whole numbers 1 to 64"),
        ({"stride": "2"}, "block 1 (conv): stride is '2'"),
        ({"residual": 1}, "block 1 (conv): residual is 1; allowed: true or false"),
        ({"residual": True, "channels": 9}, "block 1 (conv): a residual needs"),
        ({"kind": "depthwise", "channels": 9}, "block 1 (depthwise): 8 channels in and 9 out"),
        ({"repeat": 0}, "block 1: repeat is 0"),
        ({"repeat": 10_000}, "block 1: repeat is 10000"),
        ({"filters": 3}, "block 1: unknown 'filters'; allowed: kind, channels"),
    ],
)
def test_a_bad_block_gets_one_line_that_names_it(tmp_path, change, message):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(GOOD | {"blocks": [GOOD["blocks"][0], GOOD["blocks"][1] | change]}))
    with pytest.raises(HardwareInputError) as error:
        load_network(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 8, 8)])
def test_rows_of_as_many_features_as_steps_are_no_picture_with_its_channels_first(shape):
    blocks = (Block("conv", *shape, 8),)
    assert parse_network(network_content("rows", blocks)).blocks == blocks


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        (
            json.dumps(GOOD | {"input": [3, 224, 224]}),
            "channels first; allowed: height, width, channels: [224, 224, 3]",
        ),
        (json.dumps(GOOD).replace("32", "9" * 5000, 1), "a whole number of 5000 digits; allowed: at most 19"),
        (json.dumps(GOOD).replace('"input"', '"input": 1, "input"', 1), "'input' occurs twice in one object"),
        (json.dumps(GOOD).replace("32", "NaN", 1), "it holds NaN; allowed: finite numbers"),
        (json.dumps(GOOD).replace("32", "1e999", 1), "it holds 1e999; allowed: finite numbers"),
        (json.dumps(GOOD | {"name": "\ud800"}), "half a character"),
        ("[1]", 'an object with "input" and "blocks"'),
        (json.dumps(GOOD | {"input": [32, 32]}), '"input" is [32, 32]; allowed'),
        (json.dumps(GOOD | {"input": [32, -32, 3]}), "allowed: whole numbers, height and width 1 to 4096"),
        (json.dumps(GOOD | {"input": [4, 4, 8193]}), "channels 1 to 8192"),
        (json.dumps(GOOD | {"blocks": []}), '"blocks" has 0 entries'),
        (
            json.dumps(GOOD | {"blocks": GOOD["blocks"] * 5000}),
            '"blocks" has 10000 entries; allowed: a list of 1 to 256',
        ),
        (json.dumps(GOOD | {"blocks": [{"kind": "conv", "channels": 8, "repeat": 200}] * 2}), "network has 400 blocks"),
        (json.dumps(GOOD | {"blocks": ["conv"]}), "block 0 is 'conv'; allowed: an object"),
        (json.dumps(GOOD | {"blocks": [{"kind": "conv"}]}), 'block 0 (conv) needs "channels"'),
        (json.dumps(GOOD | {"layers": 3}), "network: unknown 'layers'"),
    ],
)
def test_a_bad_file_gets_one_line(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(HardwareInputError) as error:
        load_network(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_byte_order_mark_before_the_text_is_none_of_it(tmp_path):
    path = tmp_path / "marked.json"
    path.write_text(json.dumps(GOOD), "utf-8-sig")
    assert load_network(path).blocks == parse_network(GOOD).blocks


def test_a_missing_and_a_binary_file_get_one_line(tmp_path):
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for name, told in (
        ("missing.json", "no network file"),
        ("binary.json", "cannot be read"),
        (".", "no plain file"),
        ("a" * 300, "no network file"),
    ):
        with pytest.raises(HardwareInputError, match=told):
            load_network(tmp_path / name)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = [*network_schema()["properties"]["blocks"]["items"]["properties"]]
entries = st.dictionaries(st.sampled_from(fields), st.integers(-1, 9) | st.sampled_from(list(KINDS)) | json_values)


@given(st.lists(entries, max_size=4) | json_values, st.lists(st.integers(0, 64), min_size=3, max_size=3) | json_values)
@settings(max_examples=300)
def test_whatever_is_written_is_a_network_or_one_clear_line(blocks, shape):
    message, macs = "", -1
    try:
        macs = count_macs(parse_network({"input": shape, "blocks": blocks}).blocks)
    except HardwareInputError as error:
        message = str(error)
    assert (macs >= 0) != bool(message)
    assert "\n" not in message


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_written_reads_back_to_equal_blocks(path):
    network = load_network(path)
    content = json.loads(json.dumps(network_content(network.name, network.blocks, "somewhere")))
    again = parse_network(content)
    assert again.blocks == network.blocks
    assert again.name == network.name


def test_as_many_channels_as_a_block_may_have_are_read_back():
    blocks = (Block("conv", 4, 4, MAX_CHANNELS, 4, 1),)
    assert parse_network(network_content("wide", blocks)).blocks == blocks


def test_a_network_in_one_line():
    network = parse_network(
        {
            "input": [96, 80, 3],
            "blocks": [
                {"kind": "conv", "channels": 16, "stride": 2},
                {"kind": "fused_ibn", "channels": 24, "expansion": 3, "kernel": 5},
                {"kind": "upsample"},
                {"kind": "conv", "channels": 5, "kernel": 1},
            ],
        }
    )
    assert summary(network.blocks) == "96x80x3: conv 16 /2, fused_ibn_3 24 k5, upsample x2, conv 5 k1"
