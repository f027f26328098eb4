"""The learning rate's course over a fit."""

import math
from typing import Any

import tensorflow as tf

from app.domain.recipes import Cosine


def rate_at(schedule: Cosine, step: Any, steps: Any) -> Any:
    """The share of the learning rate in a step, counted from 0, of a fit of so many steps: a float32 tensor."""
    done = (tf.cast(step, tf.float32) + 0.5) / steps
    rising = done / max(schedule.warmup, 1e-9)
    falling = tf.clip_by_value((done - schedule.warmup) / (1 - schedule.warmup), 0.0, 1.0)
    share = schedule.end + (1 - schedule.end) * 0.5 * (1 + tf.cos(math.pi * falling))
    return tf.where(done < schedule.warmup, rising, share)
