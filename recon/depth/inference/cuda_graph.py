"""A network's work on a GPU as a CUDA graph: recorded for one size of picture, then launched as a whole.

A small network is launched kernel by kernel in more time than the GPU takes for it. Recording costs a few passes, so
that it begins with the third picture of a size.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import torch

RECORD_AT = 3
"""Which picture of a size in a row is the first that is worth a recording."""
_WARM_UPS = 2


class Record(Protocol):
    """Records what a function without arguments does on the device, and gives what does it again, to its result."""

    def __call__(self, work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        """The function that replays, and the result, whose memory every replay fills anew."""
        ...


def run(model: Any, pixels: "torch.Tensor", *arguments: Any, variant: object = None) -> Any:
    """``model(pixels, *arguments)``; on a CUDA device from the third picture of a size on by replaying a graph.

    Args:
        model: A network that gives a named tuple of tensors, or None among them.
        pixels: Its input.
        arguments: Of the call without a graph only: a recording cannot tell its progress.
        variant: What else the work depends on; another one is recorded anew.
    """
    if pixels.device.type != "cuda":
        return model(pixels, *arguments)
    recording = _RECORDINGS.setdefault(model, Recording(cuda_graph))
    return recording.run(model, pixels, arguments, variant)


def forget() -> bool:
    """Drops all graphs, which hold the memory of a whole pass, and records no more; whether there were any."""
    dropped = [recording.refuse() for recording in _RECORDINGS.values()]
    return any(dropped)


class Recording:
    """What is known of one network: the last size, how often it came, and its graph."""

    def __init__(self, record: Record) -> None:
        """Takes what records."""
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
        """Goes on without a graph, for good; whether there was one."""
        had = self._replay is not None
        self._refused, self._replay, self._input, self._result = True, None, None, None
        return had

    def _begin(self, model: Any, pixels: "torch.Tensor") -> None:
        try:
            self._input = pixels.clone()
            self._replay, self._result = self._record(lambda: model(self._input))
        except RuntimeError:
            # Too little memory for a graph of its own, or work that cannot be recorded: without it all goes on.
            self.refuse()


def cuda_graph(work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
    """Records a CUDA graph, after the passes that its libraries want beforehand, on a stream of their own."""
    import torch

    # The graph keeps memory of its own: what the passes before it left would stand beside it.
    torch.cuda.empty_cache()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UPS):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # The outer one puts the stream back where a recording fails; the graph's own does not then.
    with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph):
        result = work()
    return graph.replay, result


_RECORDINGS: "WeakKeyDictionary[Any, Recording]" = WeakKeyDictionary()
