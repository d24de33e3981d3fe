"""Qualities class by class, worked out by hand."""

import numpy as np
import pytest

from tasks.classification.task import Classification
from tasks.data.labelled import LabelledImages
from tasks.data.scenes import IGNORED, empty_scenes
from tasks.detection.confusion import matched
from tasks.detection.head import Detections
from tasks.registry import make_task


def test_of_classification_by_hand():
    task = make_task("classification")
    labels, guesses = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    predictions = Classification(np.log(np.eye(10, dtype=np.float32)[guesses] * 0.9 + 0.01))
    examples = LabelledImages(np.zeros((6, 1, 1, 3), np.uint8), labels, np.arange(6))
    found = task.by_class(examples, predictions)
    assert found.confusion[:3, :3].tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert found.names == task.class_names
    first, second = found.rows[:2]
    assert (first["class"], first["images"], first["precision"]) == ("T-shirt/top", 3, 1.0)
    assert first["recall"] == pytest.approx(2 / 3)
    assert first["f1"] == pytest.approx(0.8)
    assert second["precision"] == second["recall"] == second["f1"] == 0.5
    assert np.isnan(found.rows[5]["recall"])
    assert np.trace(found.confusion) / 6 == task.quality(examples, predictions)["accuracy"]


def test_of_segmentation_by_hand():
    task = make_task("segmentation")
    scenes = empty_scenes(1)
    scenes.instances[:], scenes.labels[0, 0] = 0, 3
    scenes.instances[0, 0, :4], scenes.instances[0, 0, 4] = 1, IGNORED
    predicted = np.zeros((1, 96, 96), np.uint8)
    predicted[0, 0, 1:6] = 1
    found = task.by_class(scenes, predicted)
    assert found.names == ("background", "object")
    assert found.confusion.tolist() == [[96 * 96 - 6, 1], [1, 3]]
    assert found.rows[1]["iou"] == pytest.approx(3 / 5)
    assert np.mean([row["iou"] for row in found.rows]) == pytest.approx(task.quality(scenes, predicted)["miou"])


BOXES = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0, 0, 0]]], np.float32)
LABELS = np.array([[0, 1, -1]], np.int32)


def detections(*each):
    boxes, scores, classes = zip(*each, strict=True)
    return Detections(*(np.array([part], kind) for part, kind in ((boxes, "f"), (scores, "f"), (classes, "i"))))


def test_objects_are_found_as_a_class_or_not_at_all():
    found = detections(
        ((0, 0, 0.5, 0.5), 0.9, 0),  # the first object, rightly
        ((0, 0, 0.5, 0.45), 0.8, 0),  # again
        ((0.5, 0.5, 1, 0.95), 0.7, 2),  # the second, as another class
        ((0.5, 0.5, 1, 1), 0.1, 1),  # too unsure
    )
    expected = np.zeros((4, 4), int)
    expected[0, 0] = expected[1, 2] = expected[3, 0] = 1
    np.testing.assert_array_equal(matched(BOXES, LABELS, found, 3), expected)
    none = detections(((0, 0, 1, 1), 0.0, 0))
    np.testing.assert_array_equal(matched(BOXES, LABELS, none, 3)[:, 3], [1, 1, 0, 0])


def test_of_detection_the_mean_over_classes_is_the_quality():
    task = make_task("detection", "fashion_scenes", 10)
    scenes = empty_scenes(1, 3)
    scenes.boxes[:], scenes.labels[:] = BOXES, LABELS
    found = detections(((0, 0, 0.5, 0.5), 0.9, 0), ((0.5, 0.5, 1, 0.93), 0.7, 1))
    by_class, quality = task.by_class(scenes, found), task.quality(scenes, found)
    ap = [row["ap"] for row in by_class.rows]
    assert ap[0] == pytest.approx(1)
    assert ap[1] == pytest.approx(0.8)  # an intersection over union of .86: right up to .85
    assert np.isnan(ap[2:]).all()
    assert np.nanmean(ap) == pytest.approx(quality["map"])
    assert [row["objects"] for row in by_class.rows[:3]] == [1, 1, 0]
    assert by_class.names == (*task.class_names, "nothing")
    nothing = detections(((0, 0, 1, 1), 0.0, 0))
    assert [row["ap"] for row in task.by_class(scenes, nothing).rows[:2]] == [0, 0]
