"""A network that ONNX Runtime runs, in the form of a PyTorch module: what normalizes before it and reduces after it stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.contract.errors import ModelError

from .deepness import Deepness
from .outputs import Outputs

_LEAST = 1e-7
_FREE_STRIDE = 32


def session(model: bytes | str, threads: int) -> Any:
    """Return an ONNX Runtime session on the CPU; its arena is off, for it keeps the memory of the largest tile.

    Args:
        model: the bytes of an ONNX file, or its path.
        threads: threads that compute.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxNetwork(nn.Module):
    """A network of which only inputs and outputs are known; nothing of it can be trained or exported.

    Args:
        path: named in errors.
        data: the bytes of the file, as `deepness.read` has checked them.
        described: what the file says of itself.

    Raises:
        ModelError: ONNX Runtime does not run it.
    """

    is_local = False
    feature_channels: dict[str, int] = {}  # noqa: RUF012

    def __init__(self, path: str, data: bytes, described: Deepness) -> None:
        super().__init__()
        self.fixed_tile = described.tile
        self.stride = 1 if described.tile else _FREE_STRIDE
        self._path = path
        self._described = described
        try:
            self._session = session(data, torch.get_num_threads())
        except Exception as error:
            raise self._refused(error) from None
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def __deepcopy__(self, memo: dict[int, Any]) -> OnnxNetwork:
        return self

    def forward(self, images: Tensor) -> Outputs:
        """Return logarithms of probabilities (N, C, H, W) as logits, on the device of `images`; there are no features.

        Args:
            images: (N, B, H, W) normalized, of the size that the file takes.

        Raises:
            ModelError: the file takes tiles of another size, or ONNX Runtime cannot run it.
        """
        found = tuple(images.shape[-2:])
        if self.fixed_tile and found != self.fixed_tile:
            height, width = self.fixed_tile
            raise ModelError(
                f"{self._path} takes tiles of {height} x {width} px only; found {found[0]} x {found[1]}.",
                f"Give it tiles or chips of {height} px.",
            )
        stored = np.ascontiguousarray(images.detach().cpu().float().numpy())
        at_once = self._described.batch or len(stored)
        made = [self._run(stored[start : start + at_once], at_once) for start in range(0, len(stored), at_once)]
        values = torch.from_numpy(np.concatenate(made)).to(images.device)
        return Outputs(self._logits(values[:, None] if values.ndim == 3 else values), {})

    def _run(self, batch: np.ndarray, at_once: int) -> np.ndarray:
        filled = np.concatenate([batch, np.zeros((at_once - len(batch), *batch.shape[1:]), np.float32)])
        try:
            (values,) = self._session.run([self._output], {self._input: filled})
        except Exception as error:
            raise self._refused(error) from None
        if values.shape[-2:] != batch.shape[-2:]:
            raise self._refused(f"its output has {values.shape[-2]} x {values.shape[-1]} px")
        return values[: len(batch)].astype(np.float32, copy=False)

    def _logits(self, values: Tensor) -> Tensor:
        """Return scores whose softmax are the probabilities; a threshold moves those of two classes so that it is 1/2."""
        if self._described.is_binary:
            threshold = torch.tensor(self._described.threshold)
            second = torch.logit(values, _LEAST) - torch.logit(threshold, _LEAST)
            return torch.cat((torch.zeros_like(second), second), dim=1)
        return values if self._described.activation == "none" else values.clamp_min(_LEAST).log()

    def _refused(self, why: object) -> ModelError:
        return ModelError(
            f"{self._path}: ONNX Runtime does not run this model: {str(why).splitlines()[0]}",
            "Export the model again, with an operator set that the installed ONNX Runtime knows.",
        )
