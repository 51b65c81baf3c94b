"""Which chapter introduces which name, and which files of the package it reads.

Read in chapter 01. A test holds the chapters to this table: a chapter uses only names that it or an
earlier chapter introduces, and says what a name is before it uses it. `python tools/syllabus.py`
writes the table anew from the chapters; read the difference before you keep it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .names import FORMS, Name


@dataclass(frozen=True)
class Chapter:
    """One chapter: the files of the package that it reads, and the names that it introduces."""

    number: int
    stem: str
    title: str
    reads: tuple[str, ...]
    introduces: dict[str, tuple[str, ...]]

    @property
    def names(self) -> frozenset[Name]:
        """Every name that the chapter introduces, as (namespace, name)."""
        return frozenset((space, name) for space, names in self.introduces.items() for name in names)


def known_in(number: int) -> frozenset[Name]:
    """Every name that chapter `number` may use: its own, and those of the chapters before it.

    `torch.abs(x)` and `x.abs()` are one thing to know.
    """
    names = {name for chapter in CHAPTERS if chapter.number <= number for name in chapter.names}
    twice = {(kind, name) for space, name in names if space in FORMS for kind in FORMS}
    return frozenset(names | twice)


def _files(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _names(**spaces: str) -> dict[str, tuple[str, ...]]:
    """The names of each namespace, which the table writes as words with blanks between."""
    return {space: tuple(names.split()) for space, names in spaces.items()}


# fmt: off
CHAPTERS: tuple[Chapter, ...] = (
    Chapter(1, "01_tensors", "Tensors",
        _files(
            "__init__.py choices.py course/__init__.py course/play/__init__.py course/play/memory.py "
            "course/play/parts.py course/play/picture.py course/source.py course/svg.py "
            "course/syllabus.py creation.py dtypes.py errors.py functions.py generator.py joining.py "
            "methods/__init__.py methods/choosing.py methods/comparison.py methods/filling.py "
            "methods/indexing.py methods/matrix.py methods/memory.py methods/parts.py "
            "methods/pointwise.py methods/reduction.py methods/results.py methods/scatter.py "
            "methods/shape.py methods/signatures.py methods/sorting.py ops/arranging.py ops/comparison.py "
            "ops/extremes.py ops/indexing.py ops/layout.py ops/promotion.py ops/reduction.py "
            "ops/scatter.py ops/shape.py ops/sorting.py ops/strides.py out.py printing.py random.py "
            "sampling.py tensor.py",
        ),
        _names(
            torch="tensor float64 zeros ones full eye arange linspace int64 strided empty IntTensor "
                  "FloatTensor Tensor DoubleTensor LongTensor manual_seed rand randn normal randint "
                  "zeros_like ones_like full_like empty_like double randn_like float long uint8 "
                  "promote_types add sub mul div pow abs sin exp sqrt squeeze cat stack split chunk dot "
                  "matmul",
            Tensor="ndim shape dtype device requires_grad size numel layout tolist mean std new_ones "
                   "new_zeros to type int bool half item add_ sum copy_ t_ fill_ zero_ data_ptr clamp max "
                   "min prod argmax reshape view t flatten transpose permute unsqueeze clone stride "
                   "storage_offset is_contiguous contiguous expand mm",
            plt="subplots set_xlim set_ylim set_aspect axis patches Rectangle add_patch text show hist "
                "set_title set_xlabel set_ylabel",
            course="show_tensor show show_memory",
            inside="ops.shape.view",
        )),
    Chapter(2, "02_numpy_interop", "Torch and NumPy, CPU and GPU",
        _files(
            "accelerator.py backends/__init__.py backends/cuda.py backends/cudnn.py backends/mps.py "
            "course/play/sharing.py creation.py cuda.py devices.py methods/conversion.py "
            "methods/reading.py settings.py",
        ),
        _names(
            torch="from_numpy as_tensor float32 cuda.is_available",
            Tensor="numpy T round cuda cpu detach data",
            numpy="arange array zeros int32 abs sin mean std",
            plt="annotate plot",
            course="show_sharing",
            inside="devices.array_module devices.move",
        )),
    Chapter(3, "03_autograd", "Autograd: derivatives by machine",
        _files(
            "autograd/__init__.py autograd/anomaly_mode.py autograd/function.py autograd/functional.py "
            "autograd/gradcheck.py autograd/gradients.py autograd/graph.py autograd/variable.py base.py "
            "course/drawing.py course/formulas.py course/graphs.py course/layout.py course/mathematics.py "
            "course/nested.py course/stepping.py course/tracing.py course/walking.py course/widgets.py "
            "graph.py hooks.py methods/copying.py methods/history.py methods/pointwise.py modes.py "
            "nodes.py ops/elementary.py ops/matrix.py ops/pointwise.py ops/rule.py recording.py "
            "writing.py",
        ),
        _names(
            torch="autograd.Variable maximum no_grad autograd.grad autograd.Function autograd.gradcheck",
            Tensor="backward grad grad_fn is_leaf requires_grad_ retain_grad register_hook",
            plt="figure ylim xlabel ylabel legend xscale yscale",
            course="draw step",
            inside="graph.run_backward",
            object="next_functions variable save_for_backward saved_tensors apply",
        )),
    Chapter(4, "04_activations", "Activations: the bend in the net",
        _files(
            "course/axes.py course/play/activations.py linalg.py nn/activations.py nn/functional.py "
            "ops/activations.py ops/deviation.py ops/elementary.py ops/pointwise.py ops/reduction.py "
            "ops/special.py",
        ),
        _names(
            torch="allclose relu sigmoid tanh equal log",
            Tensor="relu_ softmax",
            F="relu softplus sigmoid tanh leaky_relu softmax",
            plt="subplot tight_layout xticks bar axhline title",
            course="show_activations",
            inside="ops.reduction",
        )),
    Chapter(5, "05_two_layer_numpy", "A two-layer net in NumPy",
        _files(
            "contraction.py course/play/flow.py methods/matrix.py ops/matrix.py",
        ),
        _names(
            Tensor="any",
            numpy="maximum round square random.RandomState allclose ndindex errstate isfinite",
            course="show_flow",
            object="randn",
        )),
    Chapter(6, "06_two_layer_tensors", "The two-layer net in tensors",
        _files(
            "course/play/flow.py",
        ),
        _names(
            plt="imshow",
            inside="ops.pointwise",
        )),
    Chapter(7, "07_two_layer_autograd", "The two-layer net with autograd",
        _files(
            "course/play/flow.py",
        ),
        _names(
            python="warnings warnings.catch_warnings warnings.simplefilter",
        )),
    Chapter(8, "08_two_layer_nn", "The two-layer net with nn",
        _files(
            "course/groups.py course/repeats.py nn/__init__.py nn/activations.py nn/checks.py "
            "nn/containers.py nn/convolution.py nn/criteria.py nn/hooks.py nn/init.py nn/layers.py "
            "nn/losses.py nn/module.py nn/modules.py nn/normalization.py nn/norms.py nn/parameter.py "
            "nn/pooling.py nn/state.py nn/tree.py nn/windows.py ops/convolution.py ops/embedding.py "
            "ops/loss.py ops/normalization.py ops/padding.py ops/pooling.py ops/windows.py",
        ),
        _names(
            nn="Linear Sequential ReLU MSELoss init.normal_ init.zeros_ Parameter Module Conv2d Flatten",
            F="max_pool2d",
            plt="flatten set_xticks set_yticks",
            python="math math.isnan",
            object="weight bias named_parameters parameters zero_grad state_dict load_state_dict "
                   "register_forward_hook register_full_backward_hook register_backward_hook children "
                   "named_modules training eval",
        )),
    Chapter(9, "09_two_layer_optim", "The two-layer net with optim",
        _files(
            "course/play/contours.py course/play/surface.py course/training.py nn/utils/__init__.py "
            "nn/utils/clip_grad.py nn/utils/convert_parameters.py nn/utils/rnn.py ops/fused.py "
            "ops/kernels.py optim/__init__.py optim/adagrad.py optim/adam.py optim/lr_scheduler.py "
            "optim/optimizer.py optim/plateau.py optim/rmsprop.py optim/scheduler.py optim/sgd.py "
            "utils/__init__.py utils/data/__init__.py utils/data/collate.py utils/data/dataloader.py "
            "utils/data/dataset.py utils/data/sampler.py",
        ),
        _names(
            torch="utils.data.DataLoader utils.data.Dataset utils.data.TensorDataset Generator",
            Tensor="mul_ sub_",
            optim="SGD Adam",
            course="show_descent watch curves",
            object="manual_seed",
        )),
    Chapter(10, "10_fizzbuzz", "FizzBuzz",
        _files(
            "course/play/decisions.py nn/criteria.py nn/losses.py ops/loss.py serialization.py",
        ),
        _names(
            torch="randperm",
            Tensor="argmin",
            nn="CrossEntropyLoss",
            plt="yticks",
            course="show_decisions",
            inside="ops.loss",
            object="cross_entropy",
        )),
)
# fmt: on
