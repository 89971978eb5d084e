"""A leaderboard as tables in LaTeX, for the packages booktabs and adjustbox."""

import re

from ..terminal.foreign_text import strip_control
from .board import Board
from .captions import list_notes_above, list_notes_below, make_title
from .table_grids import CellText, TableGrid, build_detail, build_overview

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "†": r"\dag{}", "‡": r"\ddag{}", "±": r"$\pm$",
}  # fmt: skip
_ONE = re.compile("|".join(map(re.escape, _SPECIAL)))
HEAD = "% \\usepackage[T1]{fontenc} \\usepackage{booktabs} \\usepackage{adjustbox}"


def escape_latex(text: str) -> str:
    """Return a text that stands in LaTeX as it is: one line, no command."""
    return _ONE.sub(lambda found: _SPECIAL[found[0]], strip_control(text))


def render_latex(board: Board, task: str | None) -> str:
    """Return one leaderboard as floating tables, winners in bold, and its notes as a list.

    An overview is a table for each scenario, a task is one table; none is larger than a page.
    """
    if task is not None:
        parts = [(make_title(board, task), build_detail(board, task), "")]
    else:
        parts = []
        for scenario in dict.fromkeys(name.split("/")[0] for name in board.tasks):
            tasks = [name for name in board.tasks if name.split("/")[0] == scenario]
            grid = build_overview(board, tasks, families=False)
            title = f"{make_title(board, None)}, {scenario}"
            parts.append((title, grid, f"{scenario}/"))
    tables = [_render_table(title, grid, strip) for title, grid, strip in parts]
    notes = [*list_notes_above(board, task), *list_notes_below(board, task)]
    items = "\n".join(f"  \\item {escape_latex(one)}" for one in notes)
    closing = f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}\n" if notes else ""
    return "\n".join([*tables, closing])


def _render_table(title: str, grid: TableGrid, strip: str) -> str:
    heads = [escape_latex(one.head.removeprefix(strip).replace("/", " ")) for one in grid.columns]
    kinds = "".join("l" if at in (0, len(heads) - 1) else "r" for at in range(len(heads)))
    lines = [
        "\\begin{table}",
        f"\\caption{{{escape_latex(title)}}}",
        "\\begin{adjustbox}{max width=\\textwidth, max totalheight=0.9\\textheight}",
        f"\\begin{{tabular}}{{{kinds}}}",
        "\\toprule",
        _join(heads),
        "\\midrule",
        *(_join([_render_cell(cell) for cell in row]) for row in grid.rows),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{adjustbox}",
        "\\end{table}",
        "",
    ]
    return "\n".join(lines)


def _join(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _render_cell(cell: CellText) -> str:
    text = escape_latex(cell.text)
    return f"\\textbf{{{text}}}" if cell.best and text else text
