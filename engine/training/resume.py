"""A training on disk, so that a killed run goes on where it was: tensors and JSON in one safetensors file, no pickle.

The file holds a key made of the request and its inputs; a training with another key is not continued.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from engine import atomic
from engine.contract.errors import ResourceError

from .loop import Training

_KEY = "edgewise-resume"


def save(path: str | Path, training: Training, key: str) -> None:
    """Write a training; the file is whole or the one before stays.

    Raises:
        DataError: the folder cannot be written.
        ResourceError: the disk is full.
    """
    tensors = {f"network.{n}": t for n, t in training.network.state_dict().items()}
    tensors |= {f"average.{n}": t for n, t in training.average.state_dict().items()}
    tensors |= {f"objective.{n}": t for n, t in training.objective.state_dict().items()}
    tensors |= {f"best.{n}": t for n, t in training.best.items()}
    for index, moments in training.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{n}": t for n, t in moments.items()}
    facts = {"key": key, **{n: getattr(training, n) for n in ("step", "seconds", "best_miou", "history")}}
    with atomic.output(path) as part:
        try:
            safetensors.torch.save_file(
                {n: t.detach().cpu().contiguous() for n, t in tensors.items()}, part, {_KEY: json.dumps(facts)}
            )
        except safetensors.SafetensorError as error:
            raise ResourceError(
                f"{path}: the state of the training cannot be written ({error}).", "Free space or choose another disk."
            ) from error


def load(path: str | Path, training: Training, key: str) -> str:
    """Continue the training of a file, if there is one of the same request.

    Args:
        path: file that `save` wrote.
        training: at step 0; changed in place when the file fits.
        key: of this request.

    Returns:
        What was done, as a sentence for the user; empty where there is no file.
    """
    if not Path(path).exists():
        return ""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            if facts.get("key") != key:
                return f"{path} belongs to another request or to inputs that changed since; training starts anew."
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError):
        return f"{path} is damaged; training starts anew."
    _restore(training, facts, tensors)
    return f"Training goes on after step {training.step}."


def _restore(training: Training, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    for name in ("network", "average", "objective"):
        getattr(training, name).load_state_dict(_under(f"{name}.", tensors))
    training.best = _under("best.", tensors)
    state = training.optimizer.state_dict()
    parameters = [p for group in training.optimizer.param_groups for p in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under("optimizer.", tensors).items():
        index, _, moment = name.partition(".")
        # The fused AdamW walks parameter and moments in step, so their strides must be the same.
        like = parameters[int(index)]
        placed = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor.to(like.device)
        moments.setdefault(int(index), {})[moment] = placed
    training.optimizer.load_state_dict({**state, "state": moments})
    training.step, training.seconds, training.best_miou = facts["step"], facts["seconds"], facts["best_miou"]
    training.history = [(int(step), float(miou)) for step, miou in facts["history"]]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
