"""The model file: one .safetensors with the card as JSON in its header; nothing that can run code is ever loaded.

An .onnx file with Deepness metadata is taken as it is; `deepness` makes its card.

Sizes are bounded and every name, shape and type is compared with the network that the card names before a weight is
used. The header, and so the card, is read without torch. The bytes depend on the weights and the card alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from engine import atomic
from engine.contract.errors import ModelError

from . import build, deepness, foreign, onnx_file
from .card import KEY, ONNX, Card

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .model import Model
    from .segmenter import Segmenter

CARD_KEY = KEY
ONNX_SUFFIX = ".onnx"
MAX_HEADER_BYTES = 16 * 2**20
MAX_WEIGHT_BYTES = 4 * 2**30
_BYTES_OF_DTYPE = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_COPY = "Copy the model file again, or train it again."


def save(path: str | Path, network: nn.Module, card: Card, *, half: bool = False) -> Card:
    """Write a network and its card as one file, and return the card with the hash of the weights.

    Args:
        path: of the file.
        network: whose weights are written.
        card: its `hash` is filled in.
        half: write the kernels in half precision: half the bytes, a relative error of at most 2**-11. Norms and biases, few
            and of wide range, stay as they are. `load` gives float32 again.

    Raises:
        ModelError: a weight is too large for half precision.
        DataError: the folder is missing or cannot be written.
        ResourceError: the disk is full.
    """
    import safetensors.torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    if half:
        tensors = {name: _halved(path, name, tensor) for name, tensor in tensors.items()}
    card = dataclasses.replace(card, hash=_hash(tensors))
    text = json.dumps(card.to_json(), sort_keys=True, allow_nan=False)
    data = safetensors.torch.save(tensors, {CARD_KEY: text})
    with atomic.output(path) as part:
        part.write_bytes(data)
    return card


def load(path: str | Path, *, training: bool = False) -> Model:
    """Return the model of a file, on the CPU, in eval mode and with its blocks folded for inference.

    Args:
        path: file written by `save`, or an ONNX file with Deepness metadata.
        training: leave the network in the form it was trained in, in training mode.

    Raises:
        ModelError: the file is missing, damaged, foreign, too big, newer than this Edgewise, or its weights do not fit the
            network that its card names; or it was saved folded or is ONNX and shall be trained.
        ResourceError: the packages that read ONNX files are not installed.
    """
    if _is_onnx(path):
        return _load_onnx(path, training)
    import safetensors
    import safetensors.torch
    import torch

    from .model import Model

    card, entries = _read_header(path)
    if card.network == ONNX:
        raise ModelError(f"{path}: its card names an ONNX file, which no .safetensors file holds.", _COPY)
    with torch.random.fork_rng(devices=[]):
        network = build(card.network, len(card.bands), len(card.legend))
    if any(".reparam_conv." in name for name in entries):
        if training:
            raise ModelError(
                f"{path}: this {card.network} was folded for inference and cannot be trained further.",
                "Take the file that train or distill wrote.",
            )
        network = network.reparameterized()
    _check_fit(path, card, entries, network)
    try:
        tensors = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelError(f"{path}: the model file is damaged: {error}.", _COPY) from error
    if _hash(tensors) != card.hash:
        raise ModelError(f"{path}: the weights are not those that its card was written for; the file is damaged.", _COPY)
    network.load_state_dict(tensors)
    return Model(network.train() if training else network.reparameterized(), card)


def read_card(path: str | Path) -> Card:
    """Return the card of a model file from its header alone, without torch.

    Raises:
        ModelError: the file is missing, damaged, foreign or newer than this Edgewise.
        ResourceError: the packages that read ONNX files are not installed.
    """
    return deepness.read(str(path), _onnx_bytes(path)).card if _is_onnx(path) else _read_header(path)[0]


def _is_onnx(path: str | Path) -> bool:
    return Path(path).suffix.lower() == ONNX_SUFFIX


def _load_onnx(path: str | Path, training: bool) -> Model:
    if training:
        raise ModelError(f"{path}: an ONNX file cannot be trained further.", "Distill a student from it, or train a network.")
    data = _onnx_bytes(path)
    described = deepness.read(str(path), data)

    from .model import Model
    from .onnx_network import OnnxNetwork

    network = OnnxNetwork(str(path), data, described).eval()
    return Model(cast("Segmenter", network), described.card)  # it offers what inference asks of one


def _onnx_bytes(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size > onnx_file.MAX_BYTES:
                raise ModelError(f"{path} is larger than 2 GB, which no ONNX file in one piece can be.", _COPY)
            data = file.read()
    except FileNotFoundError:
        raise ModelError(f"The model file {path} does not exist.", "Check the path.") from None
    except OSError as error:
        raise ModelError(f"{path}: the model file cannot be read: {error.strerror}.", "Check the path.") from None
    if not foreign.is_onnx(data[: foreign.HEAD_BYTES]):
        seems, hint = foreign.describe(data[: foreign.HEAD_BYTES])
        raise ModelError(f"{path} is not an ONNX file; it seems to be {seems}.", hint)
    return data


class _Entry(NamedTuple):
    dtype: str
    shape: tuple[int, ...]


def _read_header(path: str | Path) -> tuple[Card, dict[str, _Entry]]:
    try:
        with Path(path).open("rb") as file:
            total = os.fstat(file.fileno()).st_size
            head = file.read(foreign.HEAD_BYTES)
            length = struct.unpack("<Q", head[:8])[0] if len(head) > 8 else 0
            if head[8:9] != b"{" or not 2 <= length <= MAX_HEADER_BYTES:
                seems, hint = foreign.describe(head)
                raise ModelError(f"{path} is not an Edgewise model file; it seems to be {seems}.", hint)
            file.seek(8)
            text = file.read(length)
    except FileNotFoundError:
        raise ModelError(f"The model file {path} does not exist.", "Check the path.") from None
    except OSError as error:
        raise ModelError(f"{path}: the model file cannot be read: {error.strerror}.", "Check the path.") from None
    if len(text) < length:
        raise ModelError(f"{path}: the model file ends inside its header; it is truncated.", _COPY)
    header = _parse(path, text, "header")
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a table")
    card = _card(path, header.pop("__metadata__", None))
    return card, _entries(path, header, total - 8 - length)


def _card(path: str | Path, metadata: Any) -> Card:
    if not isinstance(metadata, dict) or not isinstance(metadata.get(CARD_KEY), str):
        raise ModelError(
            f"{path} holds weights of another program: it has no Edgewise card.",
            "Edgewise reads the .safetensors files that its train and distill write.",
        )
    try:
        return Card.from_json(_parse(path, metadata[CARD_KEY], "card"))
    except ModelError as error:
        raise ModelError(f"{path}: {error.text.removeprefix(f'{path}: ')}", error.hint) from None


def _entries(path: str | Path, header: dict[str, Any], available: int) -> dict[str, _Entry]:
    entries, spans = {}, []
    for name, value in header.items():
        try:
            dtype, shape, (begin, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
            numbers = (*shape, begin, end)
            sound = all(type(n) is int and 0 <= n <= MAX_WEIGHT_BYTES for n in numbers)
            if not sound or end - begin != math.prod(shape) * _BYTES_OF_DTYPE[dtype]:
                raise _too_big_or_damaged(path, name, numbers)
        except (KeyError, TypeError, ValueError):
            raise _damaged(path, f"its header describes the tensor {name!r} wrongly") from None
        entries[name] = _Entry(dtype, shape)
        spans.append((begin, end))
    last = 0
    for begin, end in sorted(spans):
        if begin != last:
            raise _damaged(path, "its tensors overlap or leave gaps")
        last = end
    if last > MAX_WEIGHT_BYTES:
        raise _too_big(path, last)
    if last > available:
        raise ModelError(f"{path}: the model file is truncated: {available} of {last} bytes of weights are there.", _COPY)
    if last < available:
        raise _damaged(path, f"{available - last} bytes follow the weights")
    return entries


def _check_fit(path: str | Path, card: Card, entries: dict[str, _Entry], network: nn.Module) -> None:
    names = {"torch.float32": "F32", "torch.int64": "I64"}
    expected = {n: _Entry(names[str(t.dtype)], tuple(t.shape)) for n, t in network.state_dict().items()}
    where = f"{path}: the weights do not fit the network {card.network} for {len(card.bands)} bands, {len(card.legend)} classes"
    for name, entry in expected.items():
        if name not in entries:
            raise ModelError(f"{where}: {name} is missing.", _COPY)
        in_half = entry._replace(dtype="F16") if entry.dtype == "F32" else entry
        if entries[name] not in (entry, in_half):
            found = f"{entries[name].dtype} {list(entries[name].shape)}"
            raise ModelError(f"{where}: {name} is {found}, expected {entry.dtype} {list(entry.shape)}.", _COPY)
    for name in entries.keys() - expected.keys():
        raise ModelError(f"{where}: {name} has no place there.", _COPY)


def _halved(path: str | Path, name: str, tensor: Tensor) -> Tensor:
    if tensor.ndim < 2:
        return tensor
    half = tensor.half()
    if not half.isfinite().all():
        raise ModelError(
            f"{path}: {name} holds {tensor.abs().max():.3g}, and half precision ends at 65504.", "Write it in full precision."
        )
    return half


def _hash(tensors: dict[str, Tensor]) -> str:
    import torch

    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _parse(path: str | Path, text: str | bytes, what: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _damaged(path, f"its {what} cannot be read") from None


def _refuse_constant(word: str) -> Any:
    raise ValueError(word)


def _damaged(path: str | Path, why: str) -> ModelError:
    return ModelError(f"{path}: the model file is damaged: {why}.", _COPY)


def _too_big(path: str | Path, size: int) -> ModelError:
    limit = f"{MAX_WEIGHT_BYTES / 2**30:.0f} GB"
    return ModelError(f"{path}: the model file names {size / 2**30:.1f} GB of weights; Edgewise reads up to {limit}.", _COPY)


def _too_big_or_damaged(path: str | Path, name: str, numbers: tuple[Any, ...]) -> ModelError:
    largest = max((n for n in numbers if type(n) is int), default=0)
    if largest > MAX_WEIGHT_BYTES:
        return _too_big(path, largest)
    return _damaged(path, f"its header describes the tensor {name!r} wrongly")
