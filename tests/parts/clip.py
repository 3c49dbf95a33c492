"""A tiny CLIP model of random weights, in a folder in the format of Hugging Face; too small to know anything."""

import string
from pathlib import Path

import torch

WORDS = ("<|startoftext|>", "<|endoftext|>")


def save(folder):
    """Write config, weights, tokenizer and preprocessor, and return the folder."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    torch.manual_seed(0)
    letters = string.ascii_lowercase + string.digits + string.punctuation
    words = [*letters, *(f"{letter}</w>" for letter in letters), *WORDS]
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **tower, "vocab_size": len(words), "max_position_embeddings": 32, "eos_token_id": len(words) - 1,
            "bos_token_id": len(words) - 2, "pad_token_id": len(words) - 1,
        },
        vision_config={**tower, "image_size": 32, "patch_size": 16},
        projection_dim=8,
    )  # fmt: skip
    CLIPModel(config).save_pretrained(folder, safe_serialization=True)
    CLIPTokenizer(vocab={word: k for k, word in enumerate(words)}, merges=[]).save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return Path(folder)
