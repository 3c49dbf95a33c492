"""What a CLIP model of the user's expects in a picture, by a text for each class; without labels, so it may be wrong.

After Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", ICML,
https://arxiv.org/abs/2103.00020, section 3.1: a picture and a text meet in one space, and the softmax over the scaled cosine
similarities to the texts of all classes is read as class probabilities. One text for each class, theirs uses up to 80.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.contract.errors import ModelError, ResourceError, SpecError
from engine.contract.params import nearest

WEIGHTS = "model.safetensors"
_FILES = (
    ("config.json",), (WEIGHTS,), ("preprocessor_config.json", "processor_config.json"),
    ("tokenizer.json", "vocab.json"), ("tokenizer.json", "merges.txt"),
)  # fmt: skip
"""What a folder must hold, in the format of Hugging Face; one of each."""
_REMEDY = f"Name a folder with a CLIP model in the format of Hugging Face, or the {WEIGHTS} in it, with --prompt-model."

Ask = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""(n, 3, s, s) pictures in red, green, blue to (n, C) class probabilities, which sum to 1 over C."""


def texts(given: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the text of each class.

    Args:
        given: `class=text; class=text`; classes that it leaves out get "a satellite photo of ...".
        names: the classes.

    Raises:
        SpecError: a part is no `class=text`, or its class is not in the legend or stands twice.
    """
    own: dict[str, str] = {}
    for part in filter(str.strip, given.split(";")):
        name, _, text = (word.strip() for word in part.partition("="))
        if not name or not text:
            raise SpecError(
                f"Prompts: found {part.strip()!r}, expected class=text.",
                "Write them like --prompts 'building=a roof seen from above; water=a lake'.",
            )
        if name not in names:
            raise SpecError(f"Prompts: the legend has no class {name!r}.", nearest(name, names))
        if name in own:
            raise SpecError(f"Prompts: {name} has two texts.", "Give one text for each class.")
        own[name] = text
    return tuple(own.get(name, f"a satellite photo of {name}.") for name in names)


def load(path: str, prompts: Sequence[str], device: torch.device) -> Ask:
    """Return a function that asks a CLIP model which of some texts fits a picture best.

    Weights are read from a safetensors file alone and code from nowhere; nothing is fetched.

    Args:
        path: the folder of the model, or the weights in it.
        prompts: one text for each class, cut where the model's context ends.
        device: where to compute.

    Raises:
        ModelError: a file is not there, or is of another model, or damaged.
        ResourceError: the package that runs CLIP models is not installed.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    _check(folder)
    if not importlib.util.find_spec("transformers"):
        raise ResourceError(f"{folder}: a CLIP model needs transformers.", "pip install transformers")
    model, tokenizer, prepare = _read(folder)
    model = model.to(device).eval()
    context = model.config.text_config
    tokens = tokenizer(
        list(prompts), padding=True, truncation=True, max_length=context.max_position_embeddings, return_tensors="pt"
    )
    if int(tokens["input_ids"].max()) >= context.vocab_size:
        raise ModelError(f"{folder}: the tokenizer knows more words than the model, {context.vocab_size}.", _REMEDY)
    with torch.inference_mode():
        seen = model.text_model(input_ids=tokens["input_ids"].to(device), attention_mask=tokens["attention_mask"].to(device))
        towards = torch.nn.functional.normalize(model.text_projection(seen.pooler_output), dim=1)  # (C, D)
        scale = model.logit_scale.exp()

    @torch.inference_mode()
    def ask(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = prepare(list(torch.from_numpy(pictures)), return_tensors="pt", input_data_format="channels_first")
        look = model.vision_model(pixel_values=pixels["pixel_values"].to(device)).pooler_output
        cosine = torch.nn.functional.normalize(model.visual_projection(look), dim=1) @ towards.T  # (n, C)
        probs = (scale * cosine).softmax(dim=1).float().cpu().numpy()
        if not np.isfinite(probs).all():
            raise ModelError(f"Prompt model: {folder} answers with numbers that are not finite.", _REMEDY)
        return probs

    return ask


def _check(folder: Path) -> None:
    """Refuse a folder that is no CLIP model, before anything of it is loaded."""
    for names in _FILES:
        if not any((folder / name).is_file() for name in names):
            raise ModelError(f"Prompt model: {folder} has no {' or '.join(names)}; other weights are never opened.", _REMEDY)
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (ValueError, KeyError, TypeError):
        kind = "nothing that is known"
    if kind != "clip":
        raise ModelError(f"Prompt model: {folder / 'config.json'} describes {kind}, expected clip.", _REMEDY)


def _read(folder: Path) -> tuple[Any, Any, Any]:
    """Return the model, its tokenizer and what prepares its pictures."""
    transformers: Any = importlib.import_module("transformers")  # typed so loosely, it is not worth checking against
    transformers.utils.logging.disable_progress_bar()
    only = {"local_files_only": True, "trust_remote_code": False}
    try:
        model, told = transformers.CLIPModel.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, dtype=torch.float32, attn_implementation="sdpa", **only
        )  # the attention is named, lest a config names code
        tokenizer = transformers.CLIPTokenizer.from_pretrained(folder, **only)
        prepare = transformers.CLIPImageProcessor.from_pretrained(folder, **only)
    except MemoryError:
        raise
    except Exception as error:  # whatever a foreign folder makes the library raise
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"Prompt model: {folder} cannot be read: {first}", _REMEDY) from error
    if told["missing_keys"]:
        raise ModelError(f"Prompt model: {folder / WEIGHTS} lacks {sorted(told['missing_keys'])[0]}.", _REMEDY)
    return model, tokenizer, prepare
