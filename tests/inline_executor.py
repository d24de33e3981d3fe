"""Jobs without workers, for tests of what jobs come to: a worker takes seconds to start and to trace its programs."""

import math
import pickle

from benchmarks.runtime.handles import Executor


class InlineExecutor(Executor):
    """A LocalExecutor's stand-in: runs each job in this process once it is waited for, and raises what it raises."""

    def __init__(
        self, workers, initializer=None, initargs=(), on_progress=None, on_retry=None, stall_seconds=0.0, max_bytes=0.0
    ):
        super().__init__(on_progress, on_retry)
        self._initializer, self._initargs, self._ready = initializer, initargs, False

    def _running(self):
        return False

    def _step(self, timeout=math.inf):
        if timeout == 0 or not self._waiting:
            return
        if not self._ready:
            self._state, self._ready = self._initializer and self._initializer(*self._initargs), True
        handle = self._waiting.popleft()
        self._on_progress(handle, 0.0)
        # pickled there and back, as workers have it
        function, job = pickle.loads(handle._payload)
        value = function(self._state, job, lambda fraction: self._on_progress(handle, fraction))
        self._end(handle, pickle.dumps(value))

    def _stop(self, kill):
        pass
