"""What `import learntorch` loads, and what it leaves for later."""

import subprocess
import sys


def test_rooms_on_demand_are_listed_and_loaded_when_named():
    program = (
        "import sys, learntorch as torch; before = 'learntorch.nn' in sys.modules; "
        "print(before, {'nn', 'optim', 'utils', 'save', 'load', 'conv2d'} <= set(dir(torch)), "
        "torch.nn.Linear(2, 1), torch.save.__name__, torch.optim.SGD.__name__, torch.conv2d.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    shown = "False True Linear(in_features=2, out_features=1, bias=True) save SGD conv2d"
    assert done.stdout.strip() == shown


def test_an_answer_may_be_the_first_to_name_what_is_loaded_on_demand():
    program = (
        "import learntorch as torch\n"
        "from learntorch.course.practice import guard\n"
        "for name in ('einsum', 'conv2d', 'get_num_threads', 'cuda', 'save'):\n"
        "    with guard.quiet_state():\n"
        "        print(guard.guarded(lambda: getattr(torch, name), 5.0).how)\n"
        "with guard.quiet_state():\n"
        "    print(guard.guarded(lambda: setattr(torch, 'einsum', None), 5.0).how)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["returned"] * 5 + ["patched"]
