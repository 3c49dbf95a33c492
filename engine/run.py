"""The engine's door: argv or a saved request -> spec -> job -> events and an exit code.

    python -m engine.run segment --image ortho.tif --model student.safetensors --output classes.tif
    python -m engine.run --spec classes.tif.job.json

Nothing heavy is imported before the request is understood.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shlex
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from engine.contract import events
from engine.contract.errors import BUG, CANCELLED, Cancelled, EngineError, ResourceError, SpecError
from engine.contract.params import Param, nearest
from engine.contract.spec import Spec
from engine.contract.specs import BY_JOB, SPECS

LEAVE_SECONDS = 1.0
"""Time a cancelled job has to unwind before the process removes its parts and leaves."""

BLOCK_CACHE_MIB = "16"
"""Jobs read blocks once and in order; what reads at random takes more for itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one job and return its exit code: 0 done, 2 request, 3 files or model, 4 machine, 1 bug, 130 cancelled."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        options, spec = parse(args)
    except EngineError as error:
        print(f"Error: {error.text}" + (f"\n{error.hint}" if error.hint else ""), file=sys.stderr)
        if not sys.stdout.isatty():
            events.write_json_lines(sys.stdout)(_failed(error))
        return error.exit_code
    protocol = _claim_stdout()
    drawn = options.progress == "bar" or (options.progress == "auto" and protocol.isatty())
    cancelled = threading.Event()
    report = events.Reporter(
        _guarded(events.draw(protocol) if drawn else events.write_json_lines(protocol), cancelled), cancelled
    )
    _watch(report, options.attended)
    return _run(spec, report, args)


def parse(args: Sequence[str]) -> tuple[argparse.Namespace, Spec]:
    """Read flags and the saved request they override.

    Raises:
        SpecError: an unknown job, flag or value; the nearest known word is named.
    """
    named = args[0] if args and not args[0].startswith("-") else ""
    options, rest = _front_parser().parse_known_args(list(args[1:] if named else args))
    saved: dict[str, Any] = _read_saved(options.spec) if options.spec else {}
    job = named or saved.get("job", "")
    if not job and (not rest or {"-h", "--help"} & set(rest)):
        _front_parser(add_help=True).print_help()
        raise SystemExit(0 if rest else SpecError.exit_code)
    if job not in BY_JOB:
        raise SpecError(f"There is no job '{job}'." if job else "No job is named.", nearest(job, BY_JOB))
    if saved.get("job", job) != job:
        raise SpecError(f"{options.spec} holds a request for '{saved['job']}', not '{job}'.", "Name the same job, or none.")
    spec_type = BY_JOB[job]
    flags = vars(_job_parser(spec_type).parse_args(_joined(rest, spec_type)))
    values = {**saved.get("spec", {}), **{k: v for k, v in flags.items() if v is not None}}
    return options, spec_type.from_dict(values)


def _run(spec: Spec, report: events.Reporter, args: Sequence[str]) -> int:
    from engine import atomic, record

    started = time.time()
    os.environ.setdefault("GDAL_CACHEMAX", BLOCK_CACHE_MIB)  # GDAL's own is 5 % of the memory
    try:
        spec.check()
        report.send("started", job=spec.job, device=_device(spec), versions=record.versions())
        threading.Thread(target=_beat, args=(report,), daemon=True).start()
        summary = importlib.import_module(f"engine.jobs.{spec.job}").run(spec, report)
        outputs = {name: path for name, path in spec.outputs().items() if Path(path).exists()}
        record.write(spec, outputs, summary, seconds=time.time() - started)
        report.send("finished", outputs=outputs, summary=summary)
        return 0
    except (Cancelled, KeyboardInterrupt):
        report.send("failed", error="Cancelled", text="The job was cancelled.", hint="")
        return CANCELLED
    except EngineError as error:
        report.send(**_failed(error))
        return error.exit_code
    except MemoryError:
        report.send(**_failed(ResourceError("The machine ran out of memory.", "Use a smaller tile, batch or chip.")))
        return ResourceError.exit_code
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and not (error.name or "engine").startswith(("engine", "models")):
            report.send(**_failed(_missing(error)))
            return ResourceError.exit_code
        traceback.print_exc()
        text = f"A bug in Edgewise: {type(error).__name__}: {error}"
        report.send("failed", error="Bug", text=text, hint="Please report it with the lines above and this command: "
                    + shlex.join(["python", "-m", "engine.run", *args]))  # fmt: skip
        return BUG
    finally:
        atomic.abandon()


def _beat(report: events.Reporter) -> None:
    while not report.cancelled.wait(events.HEARTBEAT_SECONDS):
        report.send("heartbeat")


def _device(spec: Spec) -> str:
    """Return in words where the job computes; empty for a job that does not choose."""
    if not hasattr(spec, "device"):
        return ""
    device = importlib.import_module("engine.device")
    return str(device.describe(device.resolve(spec.device)))


def _missing(error: ModuleNotFoundError) -> ResourceError:
    return ResourceError(
        f"The package {error.name} is not installed for {sys.executable}.",
        "Start the engine with the Python that has its packages: in a checkout .venv/bin/python, which make setup makes. "
        "python -m engine.run doctor names all that is missing.",
    )


def _failed(error: EngineError) -> dict[str, Any]:
    return {"event": "failed", "error": type(error).__name__, "text": error.text, "hint": error.hint}


def _claim_stdout() -> Any:
    """Keep the real stdout for events alone; whatever a library prints goes to stderr."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return protocol


def _guarded(emit: Any, cancelled: threading.Event) -> Any:
    """Return an emit for which a reader that went away means: cancel."""

    def guarded(event: dict[str, Any]) -> None:
        try:
            emit(event)
        except (BrokenPipeError, ValueError):
            cancelled.set()

    return guarded


def _watch(report: events.Reporter, attended: bool) -> None:
    """Listen for signals and, when attended, for the end of stdin; leave in time when cancelled."""

    def stop(*_: object) -> None:
        report.cancelled.set()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)

    def listen() -> None:
        while os.read(0, 4096):
            pass
        stop()

    def leave() -> NoReturn:
        report.cancelled.wait()
        time.sleep(LEAVE_SECONDS)
        from engine import atomic

        atomic.abandon()
        os._exit(CANCELLED)

    for task in (leave, *((listen,) if attended else ())):
        threading.Thread(target=task, daemon=True, name=task.__name__).start()


class _Parser(argparse.ArgumentParser):
    """An argument parser whose refusals are `SpecError`."""

    known: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        """Raise instead of leaving; name the nearest flag for an unknown one."""
        head, _, unknown = message.partition("unrecognized arguments: ")
        if unknown:
            word = unknown.split()[0]
            hint = nearest(word.split("=")[0], self.known) if word.startswith("-") else "Flags start with two dashes."
            raise SpecError(f"There is no flag '{word}'.", hint)
        raise SpecError(f"{self.prog}: {head}.", "See --help.")


def _front_parser(add_help: bool = False) -> _Parser:
    jobs = "\n".join(f"  {s.job:<12} {s.title}" for s in SPECS)
    parser = _Parser(
        prog="python -m engine.run", add_help=add_help, usage="python -m engine.run JOB --flag value ...", allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter, description=f"Edgewise, headless.\n\njobs:\n{jobs}",
        epilog="python -m engine.run JOB --help lists the flags of a job.",
    )  # fmt: skip
    parser.add_argument("--spec", default="", metavar="FILE", help="a saved request (.job.json); flags override it")
    parser.add_argument("--attended", action="store_true", help="stop when stdin closes")
    parser.add_argument("--progress", choices=("auto", "bar", "json"), default="auto", help="bar for people, json for programs")
    return parser


def _job_parser(spec: type[Spec]) -> _Parser:
    text = (spec.__doc__ or "").strip()
    parser = _Parser(prog=f"python -m engine.run {spec.job}", description=text, allow_abbrev=False, argument_default=None)
    for param in spec.params():
        _add_flag(parser, param)
    parser.known = ("--spec", "--attended", "--progress", *(o for a in parser._actions for o in a.option_strings))
    return parser


def _joined(args: Sequence[str], spec: type[Spec]) -> list[str]:
    """Return the arguments with each extent joined to its flag: argparse takes one that begins with a minus for a flag."""
    flags = {p.flag for p in spec.params() if p.kind == "extent"}
    joined: list[str] = []
    for word in args:
        if joined and joined[-1] in flags and word[:1] == "-" and word[1:2] != "-":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _add_flag(parser: argparse.ArgumentParser, param: Param) -> None:
    help = f"{param.label}. {param.help}".replace("%", "%%")
    if param.choices:
        help += f" One of: {', '.join(c.value for c in param.choices)}."
    help += " Required." if param.required else "" if param.default in ("", ()) else f" Default: {param.default}."
    if param.kind == "boolean":
        parser.add_argument(param.flag, action=argparse.BooleanOptionalAction, dest=param.name, default=None, help=help)
    else:
        parser.add_argument(
            param.flag, dest=param.name, nargs="+" if param.multiple else None, metavar=_metavar(param), help=help
        )


def _metavar(param: Param) -> str:
    return {
        "integer": "N",
        "number": "X",
        "choice": "WORD",
        "text": "TEXT",
        "field": "NAME",
        "words": "WORD",
        "extent": "BOX",
    }.get(param.kind, "FILE")


def _read_saved(path: str) -> dict[str, Any]:
    try:
        saved = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"--spec: {path} cannot be read ({error.strerror}).", "Check the path.") from None
    except ValueError:
        raise SpecError(f"--spec: {path} is not JSON.", "Give a .job.json that Edgewise wrote.") from None
    if not isinstance(saved, dict) or not isinstance(saved.get("spec", {}), dict) or not isinstance(saved.get("job", ""), str):
        raise SpecError(f"--spec: {path} is not a saved request.", 'It should look like {"job": "segment", "spec": {...}}.')
    return saved


def _leave(code: int) -> NoReturn:
    """End the process without the destructors of native libraries: after a full disk GDAL's threads abort there."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
