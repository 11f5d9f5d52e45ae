"""Runs a network on a GPU as a CUDA graph, recorded once per image size.

Launching the kernels of a small network one by one takes longer than running them. Recording costs a few passes, so
it starts with the third image of the same size.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import torch

RECORD_AT = 3
"""Number of consecutive images of one size after which a graph is recorded."""
_WARM_UPS = 2


class Record(Protocol):
    """Records the device operations of a function without arguments."""

    def __call__(self, work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        """Returns the function that replays the operations, and the result, which every replay overwrites."""
        ...


def run(model: Any, pixels: "torch.Tensor", *arguments: Any, variant: object = None) -> Any:
    """``model(pixels, *arguments)``; on a CUDA device, replays a graph from the third image of a size on.

    Args:
        model: A network that returns a named tuple of tensors, or of None.
        pixels: Its input.
        arguments: Used only without a graph, which cannot report progress.
        variant: Any other value that the operations depend on; a change records a new graph.
    """
    if pixels.device.type != "cuda":
        return model(pixels, *arguments)
    recording = _RECORDINGS.setdefault(model, Recording(cuda_graph))
    return recording.run(model, pixels, arguments, variant)


def forget() -> bool:
    """Drops all graphs, each of which holds the memory of a full pass, and disables recording; returns whether there
    were any."""
    dropped = [recording.refuse() for recording in _RECORDINGS.values()]
    return any(dropped)


class Recording:
    """The recording state of one network: last size, number of passes, and graph."""

    def __init__(self, record: Record) -> None:
        """Takes the recorder."""
        self._record = record
        self._kind: object = None
        self._times = 0
        self._refused = False
        self._replay: Callable[[], None] | None = None
        self._input: Any = None
        self._result: Any = None

    def run(self, model: Any, pixels: "torch.Tensor", arguments: tuple[Any, ...], variant: object) -> Any:
        """As ``run`` of the module."""
        kind = (tuple(pixels.shape), pixels.dtype, pixels.device, variant)
        if kind != self._kind:
            self._kind, self._times, self._replay, self._input, self._result = kind, 0, None, None, None
        self._times += 1
        if self._replay is None and self._times >= RECORD_AT and not self._refused:
            self._begin(model, pixels)
        if self._replay is None:
            return model(pixels, *arguments)
        self._input.copy_(pixels)
        self._replay()
        # The next replay writes into the same memory.
        copies = [value if value is None else value.clone() for value in self._result]
        return type(self._result)(*copies)

    def refuse(self) -> bool:
        """Disables graphs permanently; returns whether there was one."""
        had = self._replay is not None
        self._refused, self._replay, self._input, self._result = True, None, None, None
        return had

    def _begin(self, model: Any, pixels: "torch.Tensor") -> None:
        try:
            self._input = pixels.clone()
            self._replay, self._result = self._record(lambda: model(self._input))
        except RuntimeError:
            # Not enough memory for a graph, or operations that cannot be recorded: continue without one.
            self.refuse()


def cuda_graph(work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
    """Records a CUDA graph, after warm-up passes on a separate stream."""
    import torch

    # The graph has a separate memory pool, so release the memory of earlier passes first.
    torch.cuda.empty_cache()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UPS):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # The outer context restores the stream if the recording fails; the inner one does not.
    with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
        result = work()
    return graph.replay, result


_RECORDINGS: "WeakKeyDictionary[Any, Recording]" = WeakKeyDictionary()
