"""Detection: targets, decoding, losses and COCO metrics against cases worked out by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from tasks.data.scenes import empty_scenes
from tasks.detection.coco import coco_map
from tasks.detection.drawing import FOUND_COLOUR, TRUE_COLOUR, draw_detections
from tasks.detection.head import HEAT_BIAS, Detections, detect, read_output
from tasks.detection.losses import generalised_iou
from tasks.detection.targets import make_targets
from tasks.detection.task import DetectionTask
from tasks.drawing import HEADER
from tasks.errors import TaskInputError
from tasks.registry import make_task

GRID = (12, 12)


def one_scene(*boxes):
    padded = np.zeros((1, 4, 4), np.float32)
    labels = np.full((1, 4), -1, np.int32)
    for index, box in enumerate(boxes):
        padded[0, index], labels[0, index] = box, index
    return padded, labels


def perfect_output(boxes, labels):
    """The raw output that says exactly what the targets say."""
    targets = make_targets(jnp.asarray(boxes), jnp.asarray(labels), GRID, 1)
    centre = (np.arange(12) + 0.5) / 12
    y, x = np.meshgrid(centre, centre, indexing="ij")
    ymin, xmin, ymax, xmax = np.moveaxis(np.asarray(targets.boxes[0]), -1, 0)
    distances = np.stack([y - ymin, x - xmin, ymax - y, xmax - x], -1) * 12
    raw = np.log2(np.maximum(distances, 2.0**-4))
    heat = np.where(np.asarray(targets.heat[0]) >= 1, 12.0, -12.0) - HEAT_BIAS
    return jnp.asarray(np.concatenate([heat, raw], -1), jnp.float32)[None]


def test_the_heat_is_one_exactly_at_the_centres_cell():
    boxes, labels = one_scene((0.25, 0.5, 0.5, 0.75))  # centre at (4.5, 7.5) cells
    targets = make_targets(jnp.asarray(boxes), jnp.asarray(labels), GRID, 1)
    assert np.argwhere(targets.heat[0, :, :, 0] == 1).tolist() == [[4, 7]]
    assert targets.box_weight[0, 4, 7] == 1
    np.testing.assert_allclose(targets.boxes[0, 4, 7], boxes[0, 0])


def test_of_two_objects_the_nearer_centre_owns_a_cell():
    boxes, labels = one_scene((0.0, 0.0, 0.5, 0.5), (0.0, 0.25, 0.5, 0.75))  # centres at columns 3 and 6
    targets = make_targets(jnp.asarray(boxes), jnp.asarray(labels), GRID, 1)
    assert targets.boxes[0, 3, 4].tolist() == boxes[0, 0].tolist()
    assert targets.boxes[0, 3, 5].tolist() == boxes[0, 1].tolist()


def test_ten_classes_keep_objects_apart():
    boxes, labels = one_scene((0.0, 0.0, 0.2, 0.2), (0.5, 0.5, 0.9, 0.9))
    heat = make_targets(jnp.asarray(boxes), jnp.asarray(labels), GRID, 10).heat
    assert [int((heat[..., c] == 1).sum()) for c in range(10)] == [1, 1] + [0] * 8


def test_an_empty_scene_has_no_targets_and_a_finite_loss():
    boxes, labels = one_scene()
    targets = make_targets(jnp.asarray(boxes), jnp.asarray(labels), GRID, 1)
    assert float(targets.heat.max()) == 0
    assert float(targets.box_weight.sum()) == 0
    task = DetectionTask()
    batch = {"boxes": jnp.asarray(boxes), "labels": jnp.asarray(labels)}
    value, gradient = jax.value_and_grad(task.loss)(jnp.zeros((1, 12, 12, 5)), batch)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_the_perfect_output_has_almost_no_loss_and_full_map():
    boxes, labels = one_scene((0.1, 0.1, 0.4, 0.5), (0.55, 0.5, 0.95, 0.9))
    output = perfect_output(boxes, labels)
    batch = {"boxes": jnp.asarray(boxes), "labels": jnp.asarray(labels)}
    assert float(DetectionTask().loss(output, batch)) < 1e-3
    quality = coco_map(boxes, labels, detect(read_output(output)), 1, (96, 96))
    assert quality == {"map": pytest.approx(1.0), "map50": pytest.approx(1.0)}


def test_generalised_iou_by_hand():
    a = jnp.array([0.0, 0.0, 2.0, 2.0])
    # overlap 1, union 7, hull 9
    assert float(generalised_iou(a, jnp.array([1.0, 1.0, 3.0, 3.0]))) == pytest.approx(1 / 7 - 2 / 9)
    # apart: overlap 0, union 5, hull 3 x 4
    assert float(generalised_iou(a, jnp.array([2.0, 3.0, 3.0, 4.0]))) == pytest.approx(-(12 - 5) / 12)


def test_a_box_half_right_counts_at_iou_50_only():
    # a box 0.6 as wide as the object and inside it: IoU 0.6 passes .50, .55 and .60 of ten thresholds
    boxes, labels = one_scene((0.0, 0.0, 0.5, 0.5))
    found = Detections(np.array([[[0.0, 0.0, 0.5, 0.301]]]), np.array([[0.9]]), np.zeros((1, 1), np.int32))
    quality = coco_map(boxes, labels, found, 1, (96, 96))
    assert quality["map50"] == pytest.approx(1.0)
    assert quality["map"] == pytest.approx(0.3)


def test_a_false_alarm_above_the_object_halves_precision():
    boxes, labels = one_scene((0.0, 0.0, 0.5, 0.5))
    found = Detections(
        np.array([[[0.5, 0.5, 0.9, 0.9], [0.0, 0.0, 0.5, 0.5]]]), np.array([[0.9, 0.8]]), np.zeros((1, 2), np.int32)
    )
    assert coco_map(boxes, labels, found, 1, (96, 96))["map50"] == pytest.approx(0.5)


def test_no_detections_are_map_zero():
    boxes, labels = one_scene((0.0, 0.0, 0.5, 0.5))
    found = Detections(np.zeros((1, 1, 4)), np.zeros((1, 1)), np.zeros((1, 1), np.int32))
    assert coco_map(boxes, labels, found, 1, (96, 96)) == {"map": 0.0, "map50": 0.0}


def test_mirroring_takes_the_boxes_along():
    boxes, labels = one_scene((0.25, 0.0, 0.5, 0.25))
    images = np.zeros((1, 8, 8, 3), np.uint8)
    images[0, 2:4, 0:2] = 255
    batch = {"images": jnp.asarray(images), "boxes": jnp.asarray(boxes), "labels": jnp.asarray(labels)}
    task, seen = DetectionTask(), set()
    for key in jax.random.split(jax.random.key(0), 20):
        after = task.augment(key, batch)
        _, xmin, _, xmax = np.asarray(after["boxes"][0, 0] * 8).astype(int)
        assert (np.asarray(after["images"])[0, 2:4, xmin:xmax] == 255).all()
        seen.add(int(xmin))
    assert seen == {0, 6}


def test_only_local_maxima_are_detections():
    heat = np.full((12, 12), -9.0)
    heat[3, 3], heat[3, 4], heat[8, 8] = 5, 4, 3
    output = jnp.asarray(np.concatenate([heat[..., None], np.zeros((12, 12, 4))], -1), jnp.float32)[None]
    scores = detect(read_output(output), k=3).scores[0]
    assert (scores > 0.1).sum() == 2


@pytest.mark.parametrize(
    ("dataset", "boxes"), [("voc_2007", 64), ("oxford_iiit_pet", 20), ("fashion_scenes", 20), ("photo_objects", 20)]
)
def test_twice_as_many_boxes_are_predicted_as_an_image_has_objects_and_twenty_at_least(dataset, boxes):
    task = make_task("detection", dataset)
    found = jax.eval_shape(task.predict, jax.ShapeDtypeStruct((1, *GRID, task.output_channels), jnp.float32))
    assert found.boxes.shape == (1, boxes, 4)


def test_trainings_whose_boxes_were_fewer_are_not_taken_for_todays():
    assert make_task("detection", "voc_2007").data_version("full") == "voc_2007-5.0.0-objects-96-32_objects"
    assert make_task("detection", "oxford_iiit_pet").data_version("full") == "oxford_iiit_pet-4.0.0-heads-96"


def test_scenes_without_any_object_have_no_map():
    boxes, labels = one_scene()
    found = Detections(np.array([[[0.0, 0.0, 0.5, 0.5]]]), np.array([[0.9]]), np.zeros((1, 1), np.int32))
    assert all(math.isnan(value) for value in coco_map(boxes, labels, found, 1, (96, 96)).values())


def test_another_number_of_predictions_than_scenes_is_named():
    scenes = empty_scenes(2)
    found = Detections(np.zeros((1, 1, 4)), np.zeros((1, 1)), np.zeros((1, 1), np.int32))
    with pytest.raises(TaskInputError, match="1 predictions for 2 scenes"):
        DetectionTask().quality(scenes, found)


def test_one_image_is_drawn_on_at_its_own_size_with_class_names_where_there_are_several():
    found = Detections(np.array([[0.5, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0, 1.0]]), np.array([0.9, 0.2]), np.array([3, 0]))
    drawn = [np.asarray(DetectionTask(classes).draw(np.zeros((30, 40, 3), np.uint8), found, 2)) for classes in (1, 10)]
    for image in drawn:
        assert image.shape == (60, 80, 3)
        assert image[30, 0].tolist() == image[59, 39].tolist() == list(FOUND_COLOUR)
        assert not image[0].any()  # score 0.2 is not drawn
    assert (drawn[0] != drawn[1]).any()


def test_the_drawing_shows_truth_left_and_what_is_sure_right(tmp_path):
    scenes = empty_scenes(1)
    scenes.images[:] = 0
    scenes.boxes[0, 0], scenes.labels[0, 0] = (0.5, 0.0, 1.0, 0.5), 3
    found = Detections(
        np.array([[[0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 0.5]]]), np.array([[0.9, 0.1]]), np.zeros((1, 2), np.int32)
    )
    draw_detections(scenes, found, tmp_path / "new" / "detections.png")
    image = np.asarray(Image.open(tmp_path / "new" / "detections.png"))
    top = HEADER + 4
    left, right = image[top : top + 192, 4:196], image[top : top + 192, 198:390]
    assert left[96, 0].tolist() == list(TRUE_COLOUR)  # the corner of the true box, at twice the size
    assert right[96, 96].tolist() == list(FOUND_COLOUR)
    assert not left[:96].any()
    assert not right[:96, :96].any()  # score 0.1 is not drawn


def test_a_prediction_in_words_is_its_confident_boxes():
    task = make_task("detection")
    boxes = np.array([[0.1, 0.2, 0.5, 0.75], [0, 0, 1, 1]])
    found = Detections(boxes, np.array([0.9, 0.2]), np.array([0, 0]))
    assert task.words(found) == (f"{task.class_names[0]} 0.90: top 0.100, left 0.200, bottom 0.500, right 0.750",)
