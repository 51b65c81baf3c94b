"""Write docs/differences.md: what PyTorch has in the course's scope and learntorch has not, or does otherwise.

    python tools/differences.py            write the page
    python tools/differences.py --check    fail if the page is not up to date

The names come from tests/golden/names.json, recorded from PyTorch; the differences in behaviour from
tests/golden/differences.txt, each a line of code that tests/test_differences.py runs.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from pathlib import Path

from golden_language import cases, evaluate

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "differences.md"
NAMES = json.loads((ROOT / "tests" / "golden" / "names.json").read_text(encoding="utf-8"))

# Everything that the course sets out to have. All of it has to be there.
SCOPE = {
    "torch": """
        tensor as_tensor from_numpy arange linspace eye zeros ones full empty zeros_like ones_like full_like empty_like
        rand randn randint randperm normal bernoulli multinomial rand_like randn_like randint_like Tensor FloatTensor
        DoubleTensor HalfTensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor
        reshape transpose t permute squeeze unsqueeze flatten narrow select unbind split chunk cat stack tril triu diag
        flip as_strided clone where masked_fill masked_select index_select index_add index_put gather scatter
        scatter_add nonzero abs neg sign exp expm1 log log1p log2 sqrt rsqrt square reciprocal sin cos tan atan sinh
        cosh tanh sigmoid erf ceil floor round clamp add sub mul div true_divide floor_divide remainder pow maximum
        minimum lerp addcmul addcdiv logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor
        bitwise_not eq ne lt le gt ge equal allclose isclose isnan isinf isfinite sum mean prod max min amax amin
        argmax argmin std var all any norm logsumexp cumsum sort argsort topk unique mm matmul bmm mv dot outer addmm
        einsum no_grad enable_grad set_grad_enabled inference_mode is_grad_enabled set_default_dtype get_default_dtype
        save load from_dlpack manual_seed Generator""",
    "torch.Tensor": """
        new_tensor new_zeros new_ones new_full new_empty view view_as reshape transpose t T mT permute squeeze unsqueeze
        expand expand_as flatten narrow select unbind split chunk contiguous repeat clone tril triu diag flip
        as_strided fill_ zero_ copy_ item tolist index_add_ index_put_ scatter_ scatter_add_ masked_fill_ numpy detach
        requires_grad_ backward register_hook retain_grad to type float double half int long bool cpu cuda
        data_ptr stride storage_offset is_contiguous element_size numel dim size""",
    "torch.nn": """
        Module Parameter Linear Conv1d Conv2d MaxPool2d AvgPool2d BatchNorm1d BatchNorm2d LayerNorm Dropout Embedding
        Flatten Identity Sequential ModuleList ModuleDict ReLU LeakyReLU ELU GELU SiLU Softplus Sigmoid Tanh Softmax
        LogSoftmax MSELoss L1Loss SmoothL1Loss BCELoss BCEWithLogitsLoss NLLLoss CrossEntropyLoss""",
    "torch.nn.functional": """
        linear conv1d conv2d max_pool2d avg_pool2d batch_norm layer_norm dropout embedding relu leaky_relu elu gelu
        silu softplus sigmoid tanh softmax log_softmax mse_loss l1_loss smooth_l1_loss binary_cross_entropy
        binary_cross_entropy_with_logits nll_loss cross_entropy one_hot""",
    "torch.nn.init": """
        uniform_ normal_ constant_ ones_ zeros_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_""",
    "torch.nn.utils": "clip_grad_norm_",
    "torch.optim": "SGD Adam AdamW RMSprop Adagrad Optimizer",
    "torch.optim.lr_scheduler": "StepLR MultiStepLR ExponentialLR CosineAnnealingLR LambdaLR",
    "torch.utils.data": "Dataset TensorDataset Subset random_split DataLoader",
    "torch.autograd": "grad backward Variable Function gradcheck gradgradcheck detect_anomaly set_detect_anomaly",
    "torch.autograd.functional": "jacobian hessian",
}

GOLDEN = ROOT / "tests" / "golden"


def behaviour() -> list[tuple[str, str, str, str]]:
    """(what is different, the line that shows it, PyTorch's answer, ours) for each line of differences.txt."""
    import learntorch

    stored = json.loads((GOLDEN / "differences.json").read_text(encoding="utf-8"))
    rows = []
    for case in cases((GOLDEN / "differences.txt").read_text(encoding="utf-8")):
        line, what = case.split("  # ")
        rows.append((what, line, short(stored[case]), short(evaluate(case, learntorch))))
    return rows


def short(answer: list) -> str:
    """A recorded answer in a few words."""
    kind = answer[0]
    if kind == "warns":
        return short(answer[2]) + ", with a warning"
    if kind == "error":
        return f"{answer[1]}: {answer[2]}"
    if kind in ("list", "tuple"):
        return f"[{', '.join(short(part) for part in answer[1])}]"
    text = " ".join(str(answer[-1]).split())
    return text if len(text) < 120 else text[:120] + "…"


def owner(title: str) -> object:
    """The namespace of learntorch that stands for one of PyTorch's."""
    if title == "torch.Tensor":
        return importlib.import_module("learntorch").Tensor
    return importlib.import_module(title.replace("torch", "learntorch", 1))


def has(title: str, name: str) -> bool:
    """True if learntorch has a name of PyTorch's."""
    try:
        return hasattr(owner(title), name)
    except ImportError:
        return False


def missing_from_scope() -> list[str]:
    """The names that the course sets out to have and that are not there."""
    return [f"{title}.{name}" for title, names in SCOPE.items() for name in names.split() if not has(title, name)]


# Argument names that PyTorch's declarations have and its Python functions have not.
DECLARED_ONLY = {
    "split": {"split_size", "split_sizes"},
    "tensordot": {"dims_self", "dims_other", "other"},
    "copy_": {"src"},
}


def unaccepted() -> list[str]:
    """The argument names of PyTorch that a function of learntorch does not take."""
    found = []
    for title, names in NAMES.items():
        for name, forms in names.items():
            if has(title, name) and forms:
                ours = accepted(title, name)
                if ours is not None:
                    lacking = sorted({a for form in forms for a in form} - ours - DECLARED_ONLY.get(name, set()))
                    if lacking:
                        found.append(f"{title}.{name}: {', '.join(lacking)}")
    return found


def accepted(title: str, name: str) -> set[str] | None:
    """The argument names that a function takes; None if it takes any, or says so itself."""
    value = inspect.getattr_static(owner(title), name)
    value = getattr(value, "__func__", value)
    rule = getattr(value, "rule", None)
    if isinstance(value, property) or not callable(value):
        return None
    if rule is not None:
        from learntorch.errors import arguments

        return {*arguments(rule.__name__), *rule.defaults, *rule.inputs, "self", "input", "generator"}
    target = value.__init__ if inspect.isclass(value) else value
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return {*parameters, "self", "input"}


def cell(text: str) -> str:
    """A text as it stands in a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


# Names that PyTorch's own machinery needs, and in-place twins of names that are listed.
INTERNAL = re.compile(
    "^(mkldnn|miopen|cudnn|fbgemm|quantize|fake_quant|q_|sym_|native_|choose_|cudagraph|parse_|import_|merge_|unify_|"
    "prepare_|profiler|autocast|set_autocast|is_autocast|get_autocast|clear_autocast|batch_norm_|sparse_|to_sparse|"
    "to_mkldnn|init_num|thread_safe|fused_|unsafe_|hash_|rename|refine|align_|names|module_load|share_|reinforce)"
    "|_copy$|_(indices|cell)$|_$|_(indices|values)_copy$"
)


def page() -> str:
    """The text of docs/differences.md."""
    counts = {title: (sum(has(title, n) for n in names), len(names)) for title, names in NAMES.items()}
    lines = [
        "# Differences from PyTorch",
        "",
        "learntorch has PyTorch's semantics for what the course needs. This page says what it leaves out, and what it",
        "does otherwise. It is written by `tools/differences.py` and compared in the tests; the names were recorded",
        "from PyTorch 2.13.",
        "",
        "## How much is here",
        "",
        "| namespace | names in PyTorch | of these in learntorch |",
        "|---|---|---|",
        *(f"| `{title}` | {total} | {here} |" for title, (here, total) in counts.items()),
        "",
        "Everything that the course sets out to have is there. Of the rest, asking for a name that is missing raises",
        "AttributeError, and an argument that has no meaning here is refused with a sentence.",
        "",
        "## What is done otherwise",
        "",
        "| what | line | PyTorch | learntorch |",
        "|---|---|---|---|",
        *(f"| {what} | `{line}` | {cell(theirs)} | {cell(ours)} |" for what, line, theirs, ours in behaviour()),
        "",
        "## What is left out",
        "",
    ]
    for title, names in NAMES.items():
        absent = [n for n in names if not has(title, n) and not INTERNAL.search(n)]
        if title in ("torch", "torch.Tensor"):
            absent = [n for n in absent if n.islower()]
        if absent:
            head = f"<details><summary><code>{title}</code>: {len(absent)} names</summary>"
            lines += [head, "", ", ".join(absent), "", "</details>", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    sys.path.insert(0, str(ROOT))
    if "--check" in sys.argv:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != page():
            print("docs/differences.md is not up to date: run python tools/differences.py")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    print(f"{PAGE.name}: {len(behaviour())} differences; missing from the scope: {missing_from_scope() or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
