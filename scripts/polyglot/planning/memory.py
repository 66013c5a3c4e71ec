"""The memory that fine-tuning takes at its peak on each GPU: a formula of the base's shape and the settings.

It counts what stays (weights, gradients, AdamW's two averages), what FSDP gathers for a layer, and what a batch leaves for the
backward pass. `tests/unit/planning/test_memory.py` compares it with measured peaks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyglot.registry.models import Model, Shape
from polyglot.training.batches import Batches
from polyglot.training.settings import Training

GB = 1e9
SPARE = 0.1
"""Share of a GPU's memory that stays free: allocators fragment, and GPUs are rarely empty."""
CONTEXT = 1.5 * GB
"""Bytes that CUDA, its libraries and their workspaces hold on a GPU."""
COMMUNICATION = 1.0 * GB
"""Bytes that NCCL holds for several GPUs."""
ON_A_NODE = 8
"""GPUs that a node has; a training uses one node."""
HEAD_TOKENS, HEAD_WORDS = 4096, 32768
"""Tokens and vocabulary that trl projects at a time (trl 1.16, `chunked_logprob`)."""
HEAD_COPIES = 8
"""Float32 copies of such a tile in its backward pass where that runs without Triton; with Triton there is none."""
QUANTISED = 0.516
"""Bytes per parameter in 4 bits with doubly quantised scales (Dettmers et al. 2023, section 3)."""
USUAL_VOCABULARY = 150_000
USUAL_ASPECT = 128
"""Width per layer of a usual decoder, whose feed-forward layers are three times as wide (Llama 3.1 8B: 128 and 3.5)."""


@dataclass(frozen=True)
class Peak:
    """Bytes on one GPU (or of one process on the CPU) when most is held.

    `kept`: weights, gradients and optimiser between batches. `gathered`: layers that FSDP or autocast holds in whole. `batch`:
    what a batch leaves for the backward pass. `step`: what the optimiser takes besides `kept`, when no batch is held. `fixed`:
    what CUDA and NCCL hold.
    """

    kept: float
    gathered: float
    batch: float
    step: float
    fixed: float

    @property
    def total(self) -> float:
        return self.fixed + self.kept + max(self.gathered + self.batch, self.step)


@dataclass(frozen=True)
class Setup:
    """How a base is trained: the settings, the number of processes, whether they have GPUs, and whether weights, gradients and
    optimiser are in main memory."""

    training: Training
    processes: int
    gpu: bool = True
    offload: bool = False

    @property
    def sharded(self) -> bool:
        return self.gpu and self.processes > 1 and (self.training.trainer, self.training.tuning) == ("trl", "full")

    @property
    def mixed(self) -> bool:
        return self.training.precision == "mixed"

    @property
    def weight(self) -> int:
        """Bytes of a weight, and of its gradient and each of AdamW's averages."""
        half = self.training.precision == "bfloat16" or (self.training.precision == "auto" and self.gpu)
        return 2 if half else 4

    @property
    def arithmetic(self) -> int:
        """Bytes of a number in the forward pass."""
        return 2 if self.mixed else self.weight

    @property
    def stream(self) -> int:
        """Bytes of a number between layers: autocast leaves sums as wide as the weights, FSDP does not."""
        return self.arithmetic if self.sharded else self.weight

    @property
    def checkpointing(self) -> bool:
        return self.gpu if self.training.gradient_checkpointing is None else self.training.gradient_checkpointing

    @property
    def batches(self) -> Batches:
        return Batches.of(self.training, self.processes)


def usual_shape(model: Model) -> Shape:
    """A model's shape: the registry's, or what a decoder of its size usually has: 12 layers x width² parameters, and the
    vocabulary's."""
    if model.shape is not None:
        return model.shape
    billions = model.size or 8.0
    layers = max(1, round((billions * 1e9 / (12 * USUAL_ASPECT**2)) ** (1 / 3)))
    hidden = USUAL_ASPECT * layers
    return Shape(
        layers=layers,
        hidden=hidden,
        feed_forward=3 * hidden,
        attention=hidden,
        key_values=hidden // 4,
        vocabulary=USUAL_VOCABULARY,
    )


def layer_parameters(shape: Shape) -> float:
    """Of one decoder layer: queries, keys, values and output; three feed-forward matrices."""
    return shape.hidden * (2 * shape.attention + 2 * shape.key_values + 3 * shape.feed_forward)


def adapter_parameters(shape: Shape, training: Training) -> float:
    """Of the adapters on all layers, by the usual names of their linear layers."""
    widths = {
        "q_proj": shape.hidden + shape.attention,
        "o_proj": shape.hidden + shape.attention,
        "k_proj": shape.hidden + shape.key_values,
        "v_proj": shape.hidden + shape.key_values,
    }
    usual = shape.hidden + shape.feed_forward
    return shape.layers * training.lora.rank * sum(widths.get(name, usual) for name in training.lora.target_modules)


def peak(shape: Shape, setup: Setup, tokens: int) -> Peak:
    """The memory at the peak of training.

    Args:
        tokens: of the longest example; all of a batch are padded to it.
    """
    fixed = (CONTEXT + (COMMUNICATION if setup.processes > 1 else 0.0)) if setup.gpu else 0.0
    kept, trained = _kept(shape, setup)
    gathered, step = _gathered(shape, setup, trained), _step(shape, setup)
    return Peak(kept, gathered, _batch(shape, setup, setup.batches.per_device * tokens), step, fixed)


def _kept(shape: Shape, setup: Setup) -> tuple[float, float]:
    """Bytes that stay between batches, and the number of trained parameters."""
    table = shape.vocabulary * shape.hidden
    layers, tables = shape.layers * layer_parameters(shape), table * (1 if shape.tied else 2)
    if setup.training.tuning != "full":
        adapters = adapter_parameters(shape, setup.training)
        width = QUANTISED if setup.training.tuning == "qlora" else setup.weight
        copies = 4 + (1 if setup.processes > 1 else 0)  # weights, gradients, two averages, and DDP's buckets, in float32
        return width * layers + setup.weight * (tables + shape.tower) + 4 * copies * adapters, adapters
    trained = layers + tables
    copies = 4 + (1 if setup.processes > 1 and not setup.sharded else 0)
    if setup.offload and setup.sharded:
        return 0.0, trained
    return setup.weight * (copies * trained + shape.tower) / (setup.processes if setup.sharded else 1), trained


def _gathered(shape: Shape, setup: Setup, trained: float) -> float:
    """FSDP: this layer and the next, this layer's gradient, and two in float32 on their way to the other GPUs; the vocabulary's
    tables, with the gradient of one. Autocast: every weight once more, in the precision of the arithmetic."""
    table, layer = shape.vocabulary * shape.hidden, layer_parameters(shape)
    head = 4.0 * table if setup.training.tuning == "full" else 0.0  # trl sums the head's gradient in float32
    if setup.sharded:
        summed = 4 if setup.mixed else setup.weight
        return (3 * setup.arithmetic + 2 * summed) * layer + 2 * setup.arithmetic * table + head
    copies = trained if setup.training.tuning == "full" else shape.layers * layer
    return head + (setup.arithmetic * copies if setup.mixed else 0.0)


def _step(shape: Shape, setup: Setup) -> float:
    """A fused AdamW, as on GPUs, takes nothing; on the CPU each of its steps takes two copies of a parameter."""
    if setup.gpu or setup.training.tuning != "full":
        return 0.0
    return 2.0 * setup.weight * max(shape.vocabulary * shape.hidden, shape.hidden * shape.feed_forward)


def _batch(shape: Shape, setup: Setup, tokens: int) -> float:
    """What a batch leaves: the input of each layer and all of one layer, or all of every layer; and a tile of the head."""
    inputs = float(setup.stream * shape.hidden)
    layer = _layer_activations(shape, setup)
    working = setup.arithmetic * 2 * shape.feed_forward  # gradients on their way through a layer
    held = inputs * shape.layers + layer if setup.checkpointing else layer * shape.layers
    copies = setup.arithmetic + (0 if setup.gpu else 4 * HEAD_COPIES)
    tile = min(tokens, HEAD_TOKENS) * min(shape.vocabulary, HEAD_WORDS) * copies
    return tokens * (held + working) + tile + tokens * shape.hidden * (setup.stream + 4)


def _layer_activations(shape: Shape, setup: Setup) -> float:
    """Bytes of a token that a layer keeps for its backward pass: two norms in float32 and their outputs, queries, keys and values
    before and after rotation (keys and values once per group of queries), the attention's output twice, and four of the
    feed-forward's."""
    norms = 2 * shape.hidden * (2 * 4 + setup.arithmetic)
    attention = 5 * shape.attention + 2 * shape.key_values
    return norms + setup.arithmetic * (attention + 4 * shape.feed_forward)


def fits(needed: Peak, memory: float) -> bool:
    """Whether the peak leaves a tenth of a GPU's memory (bytes) free."""
    return needed.total <= (1 - SPARE) * memory


def remedy(model: Model, setup: Setup, tokens: int, memory: float) -> str:
    """What to set so that a base fits, one sentence; empty if it does."""
    shape = usual_shape(model)
    if fits(peak(shape, setup, tokens), memory):
        return ""
    update = setup.training.batch_size * setup.training.gradient_accumulation
    single = setup.training.model_copy(update={"batch_size": 1, "gradient_accumulation": update})
    numbers = [gpus for gpus in range(max(1, setup.processes), ON_A_NODE + 1) if update % gpus == 0]
    full = (setup.training.trainer, setup.training.tuning) == ("trl", "full")
    for offload in (False, True) if full else (False,):
        for training in (setup.training, single):
            for gpus in numbers:
                found = replace(setup, training=training, processes=gpus, offload=offload)
                if (gpus > 1 or not offload) and fits(peak(shape, found, tokens), memory):
                    return f"set {_changes(setup, found)}"
    return "set training.max_length lower, training.tuning to 'lora' or 'qlora', or take GPUs with more memory"


def _changes(before: Setup, after: Setup) -> str:
    changed = []
    if after.training != before.training:
        accumulation = after.training.gradient_accumulation
        changed.append(f"training.batch_size to 1 and training.gradient_accumulation to {accumulation}")
    if after.processes != before.processes:
        changed.append(f"its training_gpus to {after.processes}")
    if after.offload and not before.offload:
        changed.append("its training_offload to true")
    return ", ".join(changed)
