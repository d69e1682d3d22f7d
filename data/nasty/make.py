#!/usr/bin/env python3
"""Writes the exports in this folder and expected.toml, what reading each of them must give.

The files imitate what pandas, Excel, REDCap, SPSS, R, SAS and databases write, with the ways in which such files go wrong. The
data are made up from a fixed seed. Text files need the standard library alone; the workbooks need openpyxl and the Parquet file
needs pandas and pyarrow. Files whose library is not installed are left as they are.

    python3 data/nasty/make.py
"""

import csv
import datetime
import gzip
import io
import json
import random
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROWS = 60
CASES = []


def people():
    """Sixty patients with figures that depend a little on the label."""
    dice = random.Random(7)
    rows = []
    for i in range(ROWS):
        sick = dice.random() < 0.45
        rows.append(
            {
                "age": 30 + dice.randrange(50) + (5 if sick else 0),
                "weight": round(dice.uniform(48, 110), 1),
                "sex": dice.choice(["m", "f"]),
                "smoker": dice.random() < (0.6 if sick else 0.35),
                "admitted": datetime.date(2023, 1, 5) + datetime.timedelta(days=dice.randrange(500)),
                "crp": round(dice.uniform(0.1, 9) * (3 if sick else 2), 2),
                "label": int(sick),
            }
        )
    return rows


PEOPLE = people()
NAMES = list(PEOPLE[0])
KINDS = dict(age="numeric", weight="numeric", sex="category", smoker="boolean", admitted="date", crp="numeric")


def case(name, content, source, **expected):
    """Writes a file and remembers what is expected of it.

    kinds: column to kind, of all columns but the label. first: feature to value in the first row. message: what the refusal must
    contain. notes: what must be said although the table is used. label: name of the column of labels.
    """
    if isinstance(content, str):
        content = content.encode()
    if content is not None:
        (HERE / name).write_bytes(content)
    elif not (HERE / name).exists():
        print(f"{name}: not written, its library is missing")
        return
    expected.setdefault("outcome", "refused" if "message" in expected else "ok")
    CASES.append({"name": name, "source": source, **expected})


def table(names, rows, separator=",", end="\n", quoting=csv.QUOTE_MINIMAL):
    """CSV of these rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def column(name, cells, label=None):
    """CSV of one column beside the ages and the labels."""
    label = label or [row["label"] for row in PEOPLE]
    rows = [[row["age"], cell, mark] for row, cell, mark in zip(PEOPLE, cells, label)]
    return table(["age", name, "label"], rows)


def comma(number):
    """A number with a decimal comma."""
    return str(number).replace(".", ",")


def german(end="\r\n"):
    rows = [
        [i + 1, r["age"], comma(r["weight"]), r["sex"], "ja" if r["smoker"] else "nein", f"{r['admitted']:%d.%m.%Y}", comma(r["crp"]), r["label"]]
        for i, r in enumerate(PEOPLE)
    ]
    return table(["Fallnr", "Alter", "Größe kg", "Geschlecht", "Raucher", "Aufnahme", "CRP", "label"], rows, ";", end)


GERMAN = {"Fallnr": "identifier", "Alter": "numeric", "Größe kg": "numeric", "Geschlecht": "category", "Raucher": "boolean", "Aufnahme": "date", "CRP": "numeric"}


def spreadsheets():
    case("excel-de.csv", "\ufeff" + german(), "Excel, German: semicolons, decimal commas, CRLF, byte order mark", label="label", kinds=GERMAN, first={"Größe kg": PEOPLE[0]["weight"], "CRP": PEOPLE[0]["crp"]})
    case("excel-de-latin1.csv", german().encode("cp1252"), "Excel, German, saved as plain CSV", label="label", message=["line 1", "Größe kg", "Latin-1", "UTF-8"])
    case("excel-unicode-text.txt", german().replace(";", "\t").encode("utf-16"), 'Excel, "Unicode text": UTF-16, tabs', label="label", kinds=GERMAN, first={"CRP": PEOPLE[0]["crp"]})
    case("excel-utf16-be.csv", german().encode("utf-16-be"), "UTF-16 without a byte order mark", label="label", kinds=GERMAN)
    case("excel-sep.csv", "sep=;\r\n" + german(), "Excel's own first line", label="label", kinds=GERMAN)
    listed = ["g;x (mg, dl, total);label", *(f"{r['age']};{comma(r['crp'])};{r['label']}" for r in PEOPLE)]
    case("excel-commas.csv", "\n".join(listed) + "\n", "Excel, German: commas in a name", label="label", kinds={"g": "numeric", "x (mg, dl, total)": "numeric"}, first={"x (mg, dl, total)": PEOPLE[0]["crp"]})
    case("excel-sep-mac.csv", "sep=;\r" + german("\r"), "Excel's own first line, carriage returns alone", label="label", kinds=GERMAN)
    trailing = "".join(line + ";;\r\n" for line in german().splitlines()) + ";;;;;;;;;\r\n"
    case("excel-trailing.csv", trailing.rsplit(";;;;;;;;;\r\n", 1)[0], "Excel: empty columns at the end", label="label", kinds=GERMAN, notes=["2 empty columns without a name are left out"])
    thousands = [f"{1000 + 37.5 * r['age']:,.2f}" for r in PEOPLE]
    case("excel-thousands-us.csv", column("cost", thousands), "Excel, US: thousands marks", label="label", kinds={"age": "numeric", "cost": "numeric"}, first={"cost": 1000 + 37.5 * PEOPLE[0]["age"]}, notes=["numbers are read as 1,234.5"])
    swapped = [cell.translate(str.maketrans(",.", ".,")) for cell in thousands]
    case("excel-thousands-de.csv", column("cost", swapped), "Excel, German: thousands marks", label="label", kinds={"age": "numeric", "cost": "numeric"}, first={"cost": 1000 + 37.5 * PEOPLE[0]["age"]}, notes=["numbers are read as 1.234,5"])
    swiss = [cell.replace(",", "'") for cell in thousands]
    case("excel-thousands-ch.csv", column("cost", swiss), "Excel, Swiss: apostrophes", label="label", kinds={"age": "numeric", "cost": "numeric"}, first={"cost": 1000 + 37.5 * PEOPLE[0]["age"]})
    case("excel-mac.csv", german("\r"), "Excel on the Mac: carriage returns alone", label="label", kinds=GERMAN)
    case("excel-97.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "Excel before 2007", message=["before 2007", ".xls"])
    doubtful = [f"{1 + i % 8},{(i * 137) % 1000:03}" for i in range(ROWS)]
    case("marks-doubtful.csv", column("x", doubtful), "a mark that may be decimal or thousands", label="label", message=['column "x"', "may be", "decimal or a thousands mark"])
    case("marks-mixed.csv", column("x", [f"{i}.5" if i % 9 else f"{i},5" for i in range(ROWS)]), "decimal commas and points in one column", label="label", message=['column "x"', "other decimal or thousands marks"])


def workbooks():
    sheets = [
        ("workbook.xlsx", "Excel: dates, truth values, gaps, a second sheet", {"label": "label", "kinds": {"patient": "identifier", **KINDS}, "first": {"weight": PEOPLE[0]["weight"]}}),
        ("workbook-error.xlsx", "Excel: a cell with an error", {"label": "label", "message": ['column "crp"', "#DIV/0!", "is not a number", "of the sheet"]}),
    ]
    try:
        import openpyxl
    except ImportError:
        openpyxl = None
    for name, source, expected in sheets:
        content = None
        if openpyxl:
            book = openpyxl.Workbook()
            sheet = book.active
            sheet.append(["patient", *NAMES])
            for i, row in enumerate(PEOPLE):
                cells = [f"P{i:03}", *row.values()]
                if i % 5 == 2:
                    cells[2] = None
                if i == 7 and "error" in name:
                    cells[6] = "#DIV/0!"
                sheet.append(cells)
            book.create_sheet("notes").append(["not a table"])
            content = fixed_zip(book)
        case(name, content, source, **expected)
    case("workbook-named.csv", (HERE / "workbook.xlsx").read_bytes(), "a workbook with the wrong name", message=["Excel workbook", ".xlsx"])


def fixed_zip(book):
    """The bytes of a workbook, without the time of writing."""
    fixed = datetime.datetime(2024, 1, 1)
    packed, out = io.BytesIO(), io.BytesIO()
    book.save(packed)
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "docProps/core.xml":
                for time in (book.properties.created, book.properties.modified):
                    data = data.replace(f"{time:%Y-%m-%dT%H:%M:%SZ}".encode(), f"{fixed:%Y-%m-%dT%H:%M:%SZ}".encode())
            new.writestr(zipfile.ZipInfo(entry.filename, (2024, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def pandas_files():
    rows = [[i, *r.values()] for i, r in enumerate(PEOPLE)]
    for row in rows[::6]:
        row[2] = ""
    case("pandas-index.csv", table(["", *NAMES], rows), "pandas: to_csv with its index", label="label", kinds={"": "identifier", **KINDS}, first={"age": PEOPLE[0]["age"], "weight missing": 1, "smoker=true": int(PEOPLE[0]["smoker"])})
    twice = [[i, *row] for i, row in enumerate(rows)]
    case("pandas-index-twice.csv", table(["", "Unnamed: 0", *NAMES], twice), "pandas: read and written with its index", label="label", kinds={"": "identifier", "Unnamed: 0": "identifier", **KINDS})
    case("pandas-shuffled.csv", table(["row", *NAMES], [[i * 37 % 60, *r.values()] for i, r in enumerate(PEOPLE)]), "pandas: a shuffled index that was given a name", label="label", kinds={"row": "identifier", **KINDS})
    case("cohort.csv.gz", gzip.compress(table(NAMES, [r.values() for r in PEOPLE]).encode(), mtime=0), "gzip", label="label", kinds=KINDS)
    content = None
    try:
        import pandas as pd

        frame = pd.DataFrame(PEOPLE, index=[f"P{i:03}" for i in range(ROWS)])
        frame["admitted"] = pd.to_datetime(frame["admitted"]).astype("datetime64[ns]")
        frame["sex"] = frame["sex"].astype("category")
        frame.loc[frame.index[2::5], "weight"] = None
        buffer = io.BytesIO()
        frame.to_parquet(buffer, compression="zstd")
        content = buffer.getvalue()
    except ImportError:
        pass
    case("pandas.parquet", content, "pandas: to_parquet with its index, categories, nanoseconds", label="label", kinds={**KINDS, "__index_level_0__": "identifier"}, first={"weight": PEOPLE[0]["weight"], "age": PEOPLE[0]["age"]})


def statistics_programs():
    quoted = [[str(i + 1), r["age"], "NA" if i % 6 == 0 else r["weight"], r["sex"], str(r["smoker"]).upper(), r["label"]] for i, r in enumerate(PEOPLE)]
    names = ["age", "weight", "sex", "smoker", "label"]
    kinds = {name: KINDS[name] for name in names[:-1]}
    case("r-write-csv.csv", table(["", *names], quoted, quoting=csv.QUOTE_NONNUMERIC), "R: write.csv, row names and NA", label="label", kinds={"": "identifier", **kinds})
    case("r-write-table.txt", table(names, quoted, "\t"), "R: write.table, no name above the row names", label="label", message=["line 2", "write.table"])
    spss = [[r["age"], "." if i % 4 == 1 else r["weight"], "male" if r["sex"] == "m" else "female", i % 3 + 1, r["label"]] for i, r in enumerate(PEOPLE)]
    case("spss.csv", table(["age", "weight", "sex", "stage", "label"], spss), "SPSS: dots for missing values, value labels", label="label", kinds={"age": "numeric", "weight": "numeric", "sex": "category", "stage": "numeric"}, first={"weight missing": 0})
    spss_de = [[row[0], comma(row[1]) if row[1] != "." else ".", *row[2:]] for row in spss]
    case("spss-de.csv", table(["age", "weight", "sex", "stage", "label"], spss_de, ";"), "SPSS, German", label="label", kinds={"age": "numeric", "weight": "numeric", "sex": "category", "stage": "numeric"}, first={"weight": PEOPLE[0]["weight"]})
    sas = [f"{r['admitted']:%d%b%Y}".upper() if i % 7 else "." for i, r in enumerate(PEOPLE)]
    case("sas-dates.csv", column("visit", sas), "SAS: DATE9 and dots", label="label", kinds={"age": "numeric", "visit": "date"})
    sentinel = [-999 if i % 8 == 0 else r["crp"] for i, r in enumerate(PEOPLE)]
    case("spss-sentinel.csv", column("crp", sentinel), "SPSS: -999 for missing values", label="label", kinds={"age": "numeric", "crp": "numeric"}, notes=["-999 in 8 rows lies apart"])


def databases():
    mysql = [[1000 + 7 * i, r["age"], "\\N" if i % 4 == 0 else r["weight"], r["sex"], r["admitted"], r["label"]] for i, r in enumerate(PEOPLE)]
    case("mysql.tsv", table(["patient_id", "age", "weight", "sex", "admitted", "label"], mysql, "\t"), r"MySQL: SELECT INTO OUTFILE, \N for NULL", label="label", kinds={"patient_id": "identifier", "age": "numeric", "weight": "numeric", "sex": "category", "admitted": "date"})
    sql = [[r["age"], "NULL" if i % 5 == 0 else r["weight"], "t" if r["smoker"] else "f", f"{r['admitted']} 08:{i:02}:00+02", r["label"]] for i, r in enumerate(PEOPLE)]
    case("postgres.csv", table(["age", "weight", "smoker", "seen", "label"], sql), "PostgreSQL: t and f, moments with an offset", label="label", kinds={"age": "numeric", "weight": "numeric", "smoker": "boolean", "seen": "date"})
    case("bars.txt", table(NAMES, [r.values() for r in PEOPLE], "|"), "a dump with bars", label="label", kinds=KINDS)
    redcap = [[i + 1, "baseline_arm_1", r["age"], i % 2, int(i % 5 == 0), 0, "" if i % 3 else 2, r["label"]] for i, r in enumerate(PEOPLE)]
    case("redcap.csv", table(["record_id", "redcap_event_name", "age", "symptoms___1", "symptoms___2", "symptoms___3", "followup_complete", "label"], redcap), "REDCap: raw values, check boxes", label="label", kinds={"record_id": "identifier", "redcap_event_name": "constant", "age": "numeric", "symptoms___1": "numeric", "symptoms___2": "numeric", "symptoms___3": "constant", "followup_complete": "category"})
    labels = [[i + 1, r["age"], "Checked" if i % 2 else "Unchecked", "Yes" if r["smoker"] else "No", "Complete" if i % 3 else "Incomplete", r["label"]] for i, r in enumerate(PEOPLE)]
    case("redcap-labels.csv", table(["Record ID", "Age", "Symptoms? (choice=Fever, chills)", "Smoker?", "Complete?", "label"], labels), "REDCap: labels, commas in names", label="label", kinds={"Record ID": "identifier", "Age": "numeric", "Symptoms? (choice=Fever, chills)": "category", "Smoker?": "boolean", "Complete?": "category"})


def json_lines():
    def lines(objects):
        return "".join(json.dumps(each, default=str, ensure_ascii=False) + "\n" for each in objects)

    case("records.jsonl", lines(PEOPLE), "JSON lines", label="label", kinds=KINDS, first={"crp": PEOPLE[0]["crp"]})
    sparse = [{k: v for k, v in row.items() if k != "weight" or i % 4 != 1} for i, row in enumerate(PEOPLE)]
    case("records-sparse.jsonl", lines(sparse), "JSON lines that leave out what is missing", label="label", kinds=KINDS, first={"weight missing": 0})
    numbered = [{"nr": 10**20 + i, "age": row["age"], "label": row["label"]} for i, row in enumerate(PEOPLE)]
    case("records-long-numbers.jsonl", lines(numbered), "JSON lines with whole numbers beyond 2^64", label="label", kinds={"nr": "identifier", "age": "numeric"})
    nested = [{"age": row["age"], "vitals": {"crp": row["crp"]}, "label": row["label"]} for row in PEOPLE]
    case("records-nested.jsonl", lines(nested), "JSON lines with objects in objects", label="label", message=["line 1", '"vitals"', "nested object"])
    late = [{"age": r["age"], "label": r["label"], **({"crp": r["crp"]} if i else {})} for i, r in enumerate(PEOPLE)]
    case("records-new-key.jsonl", lines(late), "JSON lines with a key that comes late", label="label", message=["line 2", '"crp"', "is new"])
    broken = lines(PEOPLE[:5]) + '{"age": 61, "weight": }\n'
    case("records-broken.jsonl", broken, "JSON lines with a broken line", label="label", message=["line 6", "not a JSON object", "character 23"])
    sets = [{"age": r["age"], "crp": r["crp"], "label": [["fever"], ["fever", "cough"], [], ["cough"]][i % 4]} for i, r in enumerate(PEOPLE)]
    case("label-lists.jsonl", lines(sets), "lists of labels", label="label", label_kind="sets", classes=2, kinds={"age": "numeric", "crp": "numeric"})


def columns():
    case("units.csv", column("weight", [f"{r['weight']} kg" for r in PEOPLE]), "numbers with a unit", label="label", message=['column "weight", row 1 (line 2)', '"kg"', "60 of 60", "--drop weight"])
    case("units-some.csv", column("crp", [f"{r['crp']} mg/l" if i % 10 == 3 else r["crp"] for i, r in enumerate(PEOPLE)]), "some numbers with a unit", label="label", message=['column "crp", row 4 (line 5)', '"mg/l"', "6 of 60"])
    case("limits.csv", column("psa", ["<0.5" if i % 6 == 0 else r["crp"] for i, r in enumerate(PEOPLE)]), "below the limit of detection", label="label", message=['column "psa"', '"<0.5"', "comparison"])
    case("percent.csv", column("saturation", [f"{90 + i % 10} %" for i in range(ROWS)]), "percent signs", label="label", message=['"%"'])
    case("words-among-numbers.csv", column("score", ["unknown" if i == 33 else i * 7 % 11 for i in range(ROWS)]), "a word among numbers", label="label", message=['column "score", row 34 (line 35)', '"unknown" is not a number'])
    day = [r["admitted"] for r in PEOPLE]
    case("dates-us.csv", column("visit", [f"{d:%m/%d/%Y}" for d in day]), "dates, month first", label="label", kinds={"age": "numeric", "visit": "date"})
    case("dates-compact.csv", column("visit", [f"{d:%Y%m%d}" for d in day]), "dates as eight digits", label="label", kinds={"age": "numeric", "visit": "date"})
    case("dates-doubtful.csv", column("visit", [f"{i % 12 + 1:02}/{i % 9 + 1:02}/2023" for i in range(ROWS)]), "dates that may be read both ways", label="label", message=['column "visit"', "day and month or month and day"])
    case("dates-mixed.csv", column("visit", [f"{d:%Y-%m-%d}" if i % 20 else f"{d:%d.%m.%Y}" for i, d in enumerate(day)]), "dates in two notations", label="label", message=['column "visit", row 1', "is a date like 31.03.2024"])
    case("dates-short.csv", column("visit", [f"{d:%d.%m.%y}" for d in day]), "years of two digits", label="label", message=["two digits"])
    case("dates-impossible.csv", column("visit", ["2023-02-30" if i == 4 else d for i, d in enumerate(day)]), "the thirtieth of February", label="label", message=["row 5 (line 6)", "2023-02-30", "no such day"])
    case("codes.csv", column("zip", [f"0{1067 + i % 4}" for i in range(ROWS)]), "postal codes with zeros before them", label="label", kinds={"age": "numeric", "zip": "category"})
    case("rare-levels.csv", column("ward", [f"ward {i % 3}" if i < 45 else f"ward {i}" for i in range(ROWS)]), "many levels with one row each", label="label", kinds={"age": "numeric", "ward": "category"}, first={"ward=ward 0": 1, "ward=other": 0})
    visits = [[f"P{i // 3:02}", r["age"], r["crp"], r["label"]] for i, r in enumerate(PEOPLE)]
    case("visits.csv", table(["patient_id", "age", "crp", "label"], visits), "several rows a patient", label="label", kinds={"patient_id": "identifier", "age": "numeric", "crp": "numeric"})
    case("blood-pressure.csv", column("rr", [f"{100 + i}/{60 + i % 25}" for i in range(ROWS)]), "two numbers in a cell", label="label", message=['column "rr"', '"100/60" holds several numbers'])
    case("sites.csv", table(["site_id", "age", "crp", "label"], [[100 + i % 3, r["age"], r["crp"], r["label"]] for i, r in enumerate(PEOPLE)]), "codes that are numbers", label="label", kinds={"site_id": "category", "age": "numeric", "crp": "numeric"}, notes=["numbers are codes"])
    case("no-names.csv", table([5.1, 3.5, 1.4, "label"], [[r["weight"], r["crp"], r["age"], r["label"]] for r in PEOPLE]), "no line of names", label="label", features=3, notes=["does the file lack a line of names?"])
    case("text.csv", column("note", [f"patient number {i} was seen again, no fever, {r['crp']} was the last value" for i, r in enumerate(PEOPLE)]), "free text", label="label", message=['column "note"', "free text", "--drop note"])
    case("constant.csv", table(["age", "unit", "empty", "label"], [[r["age"], "mg", "", r["label"]] for r in PEOPLE]), "one value, and none", label="label", kinds={"age": "numeric", "unit": "constant", "empty": "empty"})
    dice = random.Random(8)
    wide = [[f"{dice.uniform(0, 14):.2f}" for _ in range(250)] + [i % 2] for i in range(12)]
    case("wide.csv", table([f"g{j}" for j in range(250)] + ["label"], wide), "more columns than rows", label="label", features=250)
    unicode_names = ["Größe", "体重", "wiek (lata)", "naïve ✓", "label"]
    case("unicode.csv", table(unicode_names, [[r["weight"], r["crp"], r["age"], "うん" if r["smoker"] else "いいえ", r["label"]] for r in PEOPLE]), "names and levels beyond ASCII", label="label", kinds={"Größe": "numeric", "体重": "numeric", "wiek (lata)": "numeric", "naïve ✓": "category"})
    case("blanks.csv", "\n".join(f"{a} , {b},{c}" for a, b, c in [("age", "sex", "label")] + [(f" {r['age']}", f" {r['sex']} ", f" {r['label']}") for r in PEOPLE]) + "\n\n", "blanks around everything", label="label", kinds={"age": "numeric", "sex": "category"}, classes=2)
    case("huge-number.csv", column("x", ["1e308" if i == 9 else r["crp"] for i, r in enumerate(PEOPLE)]), "a number that no scale has", label="label", message=["row 10 (line 11)", '"1e308" is larger than any measurement'])
    case("infinite.csv", column("x", ["-inf" if i == 9 else r["crp"] for i, r in enumerate(PEOPLE)]), "an infinite number", label="label", message=["-inf is not a finite number"])
    for name, source, cells, part in [
        ("digits-india.csv", "digits grouped by lakh and crore", [f"{1 + i % 9},{(23 + i) % 100:02},{456 + i}" for i in range(ROWS)], "lakh"),
        ("digits-arabic.csv", "Arabic digits", [str(r["age"]).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) for r in PEOPLE], "other digits"),
        ("ranges.csv", "ranges", [f"{i}-{i * 7 + 1}" for i in range(ROWS)], "a range of numbers"),
        ("hexadecimal.csv", "hexadecimal numbers", [hex(i * 131) for i in range(ROWS)], "hexadecimal"),
        ("weeks.csv", "weeks of a year", [f"2024-W{i % 52 + 1:02}" for i in range(ROWS)], "a week of a year"),
        ("durations.csv", "durations of hours and minutes", [f"{i % 9 + 1}h{i:02}" for i in range(ROWS)], "hours and minutes"),
        ("sap-minus.csv", "SAP: signs behind the numbers", [f"{i}-" if i % 3 else i for i in range(ROWS)], "its sign behind it"),
        ("accounting.csv", "accounting: parentheses below zero", [f"({i})" if i % 3 == 0 else i for i in range(ROWS)], "in parentheses"),
        ("currency.csv", "currencies before the amounts", [f"USD {r['crp']}" for r in PEOPLE], '"USD"'),
    ]:
        case(name, column("x", cells), source, label="label", message=['column "x", row', part])
    case("months.csv", column("visit", [f"{d:%Y-%m}" for d in day]), "months of a year", label="label", kinds={"age": "numeric", "visit": "date"})
    case("telephones.csv", column("contact", [f"+4930{1234567 + i * 911}" for i in range(ROWS)]), "telephone numbers", label="label", kinds={"age": "numeric", "contact": "identifier"})
    case("namibia.csv", column("country", [["NA", "DE", "FR"][i % 3] for i in range(ROWS)]), "a code that is a mark for missing values", label="label", kinds={"age": "numeric", "country": "category"}, notes=['"NA" in 20 rows is taken as a missing value'])
    named = [[r["age"] / 4, r["age"], i % 12, r["label"]] for i, r in enumerate(PEOPLE)]
    case("names-with-id.csv", table(["pid_error", "age at accession", "case id count", "label"], named), "measurements with names of identifiers", label="label", kinds={"pid_error": "numeric", "age at accession": "numeric", "case id count": "numeric"})
    case("shuffled-run.csv", column("passenger", [i * 37 % 60 + 1 for i in range(ROWS)]), "numbers of rows in mixed order", label="label", kinds={"age": "numeric", "passenger": "numeric"}, notes=["they may name rows; --drop passenger"])
    two = table(["age", "crp", "stay", "label"], [[f"{r['age']} years", "high" if i == 3 else r["crp"], "2023-13-01" if i == 5 else r["admitted"], r["label"]] for i, r in enumerate(PEOPLE)])
    case("three-problems.csv", two, "three columns with problems", label="label", message=["3 columns", 'column "age"', 'column "crp"', 'column "stay"'])


def labels():
    def with_labels(cells):
        return column("crp", [r["crp"] for r in PEOPLE], cells)

    kinds = {"age": "numeric", "crp": "numeric"}
    marks = [r["label"] for r in PEOPLE]
    case("labels-spelled.csv", with_labels([f"{m}.0" if i % 3 == 0 else m for i, m in enumerate(marks)]), "one class in two spellings", label="label", classes=2, kinds=kinds, notes=['are the class "1"'])
    case("labels-nan.csv", with_labels(["nan" if i % 9 == 0 else m for i, m in enumerate(marks)]), "nan among the labels", label="label", message=['column "label", row 1', "missing number"])
    case("labels-minus-zero.csv", with_labels(["-0" if m == 0 else m for m in marks]), "negative zeros", label="label", message=["negative zero"])
    case("labels-beyond.csv", with_labels([9007199254740993 + m for m in marks]), "labels beyond 2^53", label="label", message=["beyond 2^53"])
    case("labels-huge.csv", with_labels(["1e308" if m else 0 for m in marks]), "1e308 as a class", label="label", message=["too large a number for a class"])
    case("labels-empty.csv", with_labels(["" if i == 20 else m for i, m in enumerate(marks)]), "a row without a label", label="label", message=["row 21 (line 22)", "is empty"])
    case("labels-one.csv", with_labels([1] * ROWS), "one class", label="label", classes=1, kinds=kinds)
    case("labels-amounts.csv", with_labels([round(r["crp"] * 3.7, 1) for r in PEOPLE]), "amounts for labels", label="label", label_kind="numbers", kinds=kinds, notes=["taken as amounts"])
    case("labels-sets.csv", with_labels([["fever", "fever;cough", "cough;pain", "pain"][i % 4] for i in range(ROWS)]), "several labels a row", label="label", label_kind="sets", classes=3, kinds=kinds)
    both = table(["age", "crp", "diagnosis", "label"], [[r["age"], r["crp"], ["C34", "C50"][i % 2] if r["label"] else "healthy", r["label"]] for i, r in enumerate(PEOPLE)])
    case("label-twice.csv", both, "the label in a second column, in other words", label="label", kinds={**kinds, "diagnosis": "category"}, notes=['column "diagnosis" alone predicts the label'])
    by_class = sorted(PEOPLE, key=lambda r: r["label"])
    case("sorted-by-label.csv", table(["id", *NAMES], [[i + 1, *r.values()] for i, r in enumerate(by_class)]), "rows sorted by class, then numbered", label="label", kinds={"id": "identifier", **KINDS}, notes=['column "id" is left out as an identifier, and would predict the label'])


def broken():
    good = table(["id", "note", "label"], [[i, f"seen {i % 3}", i % 2] for i in range(30)])
    lines = good.splitlines()
    open_quote = lines[:10] + [lines[10].replace("seen", '"seen')] + lines[11:]
    case("quote-unclosed.csv", "\n".join(open_quote) + "\n", "a quote that is never closed", label="label", message=["line 11", "never closed"])
    swallowed = open_quote[:21] + [open_quote[21].replace("seen", '"seen').replace(",1", '",1')] + open_quote[22:]
    case("quote-swallows.csv", "\n".join(swallowed) + "\n", "an unclosed quote that swallows ten rows", label="label", message=["line 22", "quoted cell starts in line 11"])
    case("ragged.csv", "\n".join(lines[:6] + ["5,seen"] + lines[7:]) + "\n", "a row that is too short", message=["line 7", "2 cells", "has 3"])
    case("names-twice.csv", table(["age", "crp", "age", "label"], [[1, 2, 3, 0]]), "two columns of one name", message=['two columns are named "age"'])
    case("empty.csv", "", "an empty file", message=["empty"])
    case("only-names.csv", "age,crp,label\n", "a line of names alone", label="label", message=["no rows"])
    case("nothing-left.csv", table(["id", "label"], [[f"P{i}", i % 2] for i in range(40)]), "an identifier and a label", label="label", message=["no column is left for features", "names rows"])
    packed = gzip.compress(table(NAMES, [r.values() for r in PEOPLE]).encode(), mtime=0)
    for name, source, content in [
        ("truncated.csv.gz", "gzip, cut short", packed[:-40]),
        ("rubbish.csv.gz", "gzip, with something after its end", packed + b"rubbish"),
        ("wrong-sum.csv.gz", "gzip, with a wrong checksum", packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]),
    ]:
        case(name, content, source, message=["the gzip file is damaged", "copy or download the file again"])
    case("padded.csv.gz", packed + bytes(512), "gzip, filled up with zeros", label="label", kinds=KINDS)
    big = "age,note,label\n" + "".join(f"{30 + i},{'x' * 10_000_000 if i == 5 else i * i},{i % 2}\n" for i in range(40))
    case("ten-megabytes.csv.gz", gzip.compress(big.encode(), mtime=0), "a cell of ten megabytes", label="label", message=["row 6 (line 7)", "(10000000 bytes)"])
    case("web-page.csv", "<!DOCTYPE html>\n<html><body>age,label</body></html>\n", "the page that shows the file", message=["a web page"])
    case("list.json", json.dumps([{"age": 61, "label": 1}]) + "\n", "a JSON list", message=["line 1", "not a JSON object", "jq"])
    control = table(["age", "x\x00y", "label"], [[r["age"], r["crp"], r["label"]] for r in PEOPLE])
    case("control.csv", control, "a NUL in a name", label="label", kinds={"age": "numeric", "x\x00y": "numeric"})


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:.1f}" if isinstance(value, float) and value == int(value) else str(value)


def main():
    for part in (spreadsheets, workbooks, pandas_files, statistics_programs, databases, json_lines, columns, labels, broken):
        part()
    out = ["# Written by make.py: what reading each file must give.\n"]
    for each in CASES:
        if "first" in each:
            each["first"] = {name: float(value) for name, value in each["first"].items()}
        out.append("\n[[file]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in each.items()))
    (HERE / "expected.toml").write_text("".join(out))
    print(f"{len(CASES)} files")


if __name__ == "__main__":
    main()
