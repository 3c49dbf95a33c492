"""The bytes of an ONNX file, taken only where they are all that it needs: no other file, and no code but ONNX's operators."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from typing import Any

from engine.contract.errors import ModelError, ResourceError

MAX_BYTES = 2**31 - 1
"""A protocol buffer, which an ONNX file is, holds no more."""

_OWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
_EXTERNAL = 1  # TensorProto.EXTERNAL
_AGAIN = "Export the model again, as one file with ONNX's own operators."


def parse(path: str, data: bytes) -> Any:
    """Return the model of a file, an `onnx.ModelProto`.

    Args:
        path: named in errors.
        data: the bytes of the file.

    Raises:
        ModelError: the file is damaged, or needs another file, or operators that are not ONNX's own.
        ResourceError: the packages that read ONNX files are not installed.
    """
    if absent := missing():
        packages = " ".join(absent)
        raise ResourceError(f"{path}: reading ONNX files needs {' and '.join(absent)}.", f"pip install {packages}")
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise ModelError(f"{path}: the ONNX file is damaged: {error}.", "Copy the model file again.") from None
    if not model.graph.node or not model.graph.output:
        raise ModelError(f"{path}: the ONNX file holds no network.", "Copy the model file again.")
    for tensor in _tensors(model):
        if tensor.data_location == _EXTERNAL or tensor.external_data:
            raise ModelError(f"{path}: the weights of {text(tensor.name)} lie in another file, which is never opened.", _AGAIN)
    own = {(f.domain, f.name) for f in model.functions}
    for node in _nodes(model):
        if node.domain not in _OWN_DOMAINS and (node.domain, node.op_type) not in own:
            name = f"{text(node.domain)}.{text(node.op_type)}"
            raise ModelError(f"{path}: the operator {name} is not one of ONNX; it would need foreign code.", _AGAIN)
    try:
        onnx.checker.check_model(data)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ModelError(f"{path}: the ONNX file is damaged: {str(error).splitlines()[0]}", _AGAIN) from None
    return model


def text(value: str | bytes) -> str:
    """Return a string of the file; those that are no UTF-8 arrive as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def missing() -> tuple[str, ...]:
    """Return the packages that reading and running ONNX files needs and that are not installed."""
    return tuple(name for name in ("onnx", "onnxruntime") if not importlib.util.find_spec(name))


def _nodes(model: Any) -> Iterator[Any]:
    """Yield every node, also those of branches, loops and functions."""
    waiting = [*model.graph.node, *(n for f in model.functions for n in f.node)]
    while waiting:
        node = waiting.pop()
        yield node
        for attribute in node.attribute:
            waiting += [n for g in (attribute.g, *attribute.graphs) for n in g.node]


def _tensors(model: Any) -> Iterator[Any]:
    """Yield every stored tensor."""
    yield from _initial(model.graph)
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            yield from _parts((attribute.sparse_tensor, *attribute.sparse_tensors))
            for graph in (attribute.g, *attribute.graphs):
                yield from _initial(graph)


def _initial(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    yield from _parts(graph.sparse_initializer)


def _parts(sparse: Iterable[Any]) -> Iterator[Any]:
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)
