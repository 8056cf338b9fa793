"""The code that each stage of dvc.yaml depends on, computed from what its module imports.

A stage depends on `pipeline.stages.NAME` and on all that is imported from there, function-level
imports included. `make dvc-deps` writes these deps into dvc.yaml. Without `--write` the difference
is printed, and is an error.
"""

import argparse
import ast
import difflib
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]

MOST_LINES = 10

# What stages import that writes no out. What is imported from there does not count either.
EXEMPT = {
    "pipeline.graphdef": "finds, reads and refuses model files; what is read is what they hold",
    "pipeline.reporting": "shows progress on the console",
    "pipeline.tracking": "sends the live curve to MLflow; not exempt for `track`",
    "pipeline.repository": "waits for locks and asks about processes",
}

# The digest of a run, which `track` writes, is over the code of these stages too.
DIGESTED = ("prepare", "train", "freeze", "evaluate")

# What `track` may depend on needlessly, so that one line names all stages.
SUPERFLUOUS = {
    "pipeline.stages.config": "checks params.yaml, on which the digest depends anyway",
    "pipeline.tracking.registered": "downloads a model for `pipeline predict`",
    "pipeline.stages.__main__": "runs a stage and writes no out itself",
    "pipeline.stages._running": "so does this",
}

TYPE_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


@dataclass(frozen=True)
class Code:
    """A package below `src/` of a repository; files are named relative to the repository."""

    repository: Path = REPOSITORY
    package: str = "pipeline"

    def file(self, module: str) -> Path | None:
        """Return the file of a module or package; None if there is no such module."""
        place = Path("src", *module.split("."))
        found = (place.with_suffix(".py"), place / "__init__.py")
        return next((file for file in found if (self.repository / file).is_file()), None)

    @cache  # noqa: B019 - a few values in the life of a process
    def files(self) -> set[Path]:
        """Return all files that a stage can depend on.

        These are the modules with more than a docstring, and the data files that they name.
        """
        names = (file.relative_to(self.repository) for file in self._folder.rglob("*.py"))
        modules = {file for file in names if not _only_docstring(self._tree(file))}
        return modules | self._data_of(modules)

    @cache  # noqa: B019 - as above
    def needed(self, stage: str, exempt: Collection[str] = tuple(EXEMPT)) -> set[Path]:
        """Return the files that a stage depends on."""
        stages = [stage]
        if stage == "track":
            stages += DIGESTED
            exempt = [package for package in exempt if package != "pipeline.tracking"]
        modules = self.imported([f"{self.package}.stages.{name}" for name in stages], exempt)
        files = {file for module in modules if (file := self.file(module))}
        return (files | self._data_of(files)) & self.files()

    def imported(self, modules: Sequence[str], exempt: Collection[str] = ()) -> set[str]:
        """Return modules with all that they import, directly or not.

        Of a package that is merely above an imported module, the functions are not called: only
        its module-level imports count.
        """
        found: dict[str, bool] = {}  # whether the functions of a module may be called
        pending = [(module, True) for module in modules]
        while pending:
            module, called = pending.pop()
            known = module in found and (found[module] or not called)
            if known or _within(module, exempt):
                continue
            found[module] = called
            if above := module.rpartition(".")[0]:
                pending.append((above, False))
            pending += [(name, True) for name in self._imports(module, called)]
        return set(found)

    def _imports(self, module: str, called: bool) -> Iterator[str]:
        """Yield the modules of this package that a module imports, or names as a file beside it."""
        file = self.file(module)
        assert file is not None, f"there is no module {module}"
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for node in _running(self._tree(file), called):
            if isinstance(node, ast.Import):
                yield from (a.name for a in node.names if _within(a.name, [self.package]))
            elif isinstance(node, ast.ImportFrom):
                parts = package.split(".")[: len(package.split(".")) + 1 - node.level]
                base = ".".join([*(parts if node.level else []), *filter(None, [node.module])])
                if _within(base, [self.package]):
                    names = (f"{base}.{alias.name}" for alias in node.names)
                    yield from (name if self.file(name) else base for name in names)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                beside = re.fullmatch(r"(\w+)\.py", node.value)
                if beside and self.file(f"{package}.{beside[1]}"):
                    yield f"{package}.{beside[1]}"

    def _data_of(self, modules: set[Path]) -> set[Path]:
        """Return the files that are no modules and that a module names, such as templates."""
        nodes = (node for file in modules for node in ast.walk(self._tree(file)))
        named = {node.value for node in nodes if isinstance(node, ast.Constant)}
        others = (file for file in self._folder.rglob("*.*") if file.suffix not in (".py", ".pyc"))
        return {file.relative_to(self.repository) for file in others if file.name in named}

    @property
    def _folder(self) -> Path:
        return self.repository / "src" / self.package

    def _tree(self, file: Path) -> ast.Module:
        return _parsed((self.repository / file).read_text(encoding="utf-8"))


def lines_of(stage: str, code: Code) -> list[str]:
    """Return the fewest paths that name what a stage depends on, and nothing else.

    `track` may name what is superfluous where it would have too many lines.
    """
    needed = code.needed(stage)
    lines = cover(needed, code.files(), Path("src", code.package))
    if stage == "track" and len(lines) > MOST_LINES:
        lines = cover(needed | superfluous(code), code.files(), Path("src", code.package))
    return sorted(lines)


def superfluous(code: Code) -> set[Path]:
    """Return the files that `track` may depend on needlessly."""
    return {file for module in SUPERFLUOUS if (file := code.file(module))}


def cover(needed: set[Path], files: set[Path], folder: Path) -> list[str]:
    """Return the folder if all files in it are needed, else what covers its parts."""
    below = {file for file in files if file.is_relative_to(folder)}
    if below <= needed:
        return [folder.as_posix()]
    parts = {Path(*file.parts[: len(folder.parts) + 1]) for file in below & needed}
    return [line for part in parts for line in cover(needed, files, part)]


def covered(files: set[Path], lines: Collection[str]) -> set[Path]:
    """Return those of the files that are named by lines, or are in a named folder."""
    return {file for file in files if any(file.is_relative_to(line) for line in lines)}


def read(dvc_yaml: str) -> dict[str, list[str]]:
    """Return for each stage of dvc.yaml its deps below `src/`."""
    stages = yaml.safe_load(dvc_yaml)["stages"]
    return {
        name: [dep for dep in stage["deps"] if dep.startswith("src/")]
        for name, stage in stages.items()
    }


def rewritten(dvc_yaml: str, deps: Mapping[str, Sequence[str]]) -> str:
    """Return dvc.yaml with other deps below `src/`; everything else stays as it is."""
    lines = dvc_yaml.splitlines(keepends=True)
    for stage, items in reversed(_items(lines).items()):
        old = {path: number for number, path in items.items() if path.startswith("src/")}
        new = [lines[old[dep]] if dep in old else f"      - {dep}\n" for dep in deps[stage]]
        before = [number for number, path in items.items() if path < "src/"]
        place = min(old.values()) if old else max(before, default=min(items) - 1) + 1
        for number in sorted(old.values(), reverse=True):
            del lines[number]
        lines[place:place] = new
    return "".join(lines)


def _items(lines: Sequence[str]) -> dict[str, dict[int, str]]:
    """Return for each stage the deps, by the numbers of their lines."""
    found: dict[str, dict[int, str]] = {}
    top = stage = section = ""
    for number, line in enumerate(lines):
        if key := re.match(r"(\w+):", line):
            top = key[1]
        elif key := re.match(r"  (\w+):", line):
            stage = key[1]
        elif key := re.match(r"    (\w+):", line):
            section = key[1]
        elif (item := re.match(r"      - (\S+)", line)) and (top, section) == ("stages", "deps"):
            found.setdefault(stage, {})[number] = item[1]
    return found


def _within(module: str, packages: Collection[str]) -> bool:
    """Tell whether a module is one of the packages or is in one."""
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def _running(tree: ast.Module, called: bool) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported, and in its functions when `called`."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not called:
            continue
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)


def _only_docstring(tree: ast.Module) -> bool:
    """Tell whether a module has no code."""
    return not tree.body[1:] and (not tree.body or ast.get_docstring(tree) is not None)


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def main() -> int:
    """Print or write the deps of all stages; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.stage_deps", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write dvc.yaml")
    write = parser.parse_args().write
    file = REPOSITORY / "dvc.yaml"
    old = file.read_text(encoding="utf-8")
    deps = {stage: lines_of(stage, Code()) for stage in read(old)}
    for stage, lines in deps.items():
        if len(lines) > MOST_LINES:
            print(f"warning: {stage} has {len(lines)} lines, {MOST_LINES} at most", file=sys.stderr)
    new = rewritten(old, deps)
    if write:
        file.write_text(new, encoding="utf-8")
        return 0
    names = "dvc.yaml", "dvc.yaml after make dvc-deps"
    difference = difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")
    print(*difference, sep="\n", end="\n" if new != old else "")
    return int(new != old)


if __name__ == "__main__":
    sys.exit(main())
