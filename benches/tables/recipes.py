"""How each table of the packages is turned into numbers: its label, what is dropped, what is one-hot."""

from dataclasses import dataclass, field

import pandas


def unchanged(table):
    """For a table whose columns are used as they are."""
    return table


@dataclass
class Recipe:
    """A table. `places` are `package/table`, joined if there are several."""

    group: str
    name: str
    places: list
    label: str
    # Columns that are no features, with the reason.
    dropped: dict = field(default_factory=dict)
    # Columns of three values or more that become one 0/1 column a value, no value left out.
    one_hot: list = field(default_factory=list)
    # Columns of text whose values have an order: they become 0, 1, 2 and so on.
    ordered: dict = field(default_factory=dict)
    # Applied first: reshapes the table or makes the label.
    prepare: callable = unchanged
    # What `prepare` does, in words.
    note: str = ""


def affairs(table):
    """Whether there was an affair."""
    return table.assign(affairs=(table["affairs"] > 0).astype(int))


def wide_mode_choice(table):
    """One row a traveller, of four rows each: air, train, bus, car."""
    modes = ["air", "train", "bus", "car"]
    parts = {name: [] for name in ["choice", "hinc", "psize"]}
    columns = ["ttme", "invc", "invt", "gc"]
    parts |= {f"{column}.{mode}": [] for column in columns for mode in modes}
    for start in range(0, len(table), len(modes)):
        rows = table.iloc[start : start + len(modes)]
        assert rows["mode"].sum() == 1 and rows["hinc"].nunique() == 1
        parts["choice"].append(modes[int(rows["mode"].to_numpy().argmax())])
        parts["hinc"].append(rows["hinc"].iloc[0])
        parts["psize"].append(rows["psize"].iloc[0])
        for column in columns:
            for mode, value in zip(modes, rows[column], strict=True):
                parts[f"{column}.{mode}"].append(value)
    return pandas.DataFrame(parts)


def species_and_sex(table):
    """Four kinds of crabs."""
    return table.assign(kind=table["sp"] + table["sex"])


def recurrence(table):
    """Of a patient's two rows, the one of the recurrence."""
    return table[table["etype"] == 1]


def listed(name, places, label, dropped=None, one_hot=(), **rest):
    """A table that may be looked at while the training is worked on."""
    return Recipe("listed", name, places.split(), label, dropped or {}, list(one_hot), **rest)


def further(name, places, label, dropped=None, one_hot=(), **rest):
    """A table that is measured afterwards, and must hold as well."""
    return Recipe("further", name, places.split(), label, dropped or {}, list(one_hot), **rest)


ID = "id"
LEAK = "follows from the label"
AFTER = "known only after the label"
CODE = "code of a place"

RECIPES = [
    listed("wine", "sklearn/wine", "target"),
    listed("iris", "sklearn/iris", "target"),
    listed("digits", "sklearn/digits", "target"),
    listed("breast-cancer", "sklearn/breast_cancer", "target"),
    listed("anes96", "statsmodels/anes96", "PID"),
    listed(
        "fair",
        "statsmodels/fair",
        "affairs",
        one_hot=["occupation", "occupation_husb"],
        prepare=affairs,
        note="label: affairs > 0",
    ),
    listed("heart", "statsmodels/heart", "censors"),
    listed("birthwt", "MASS/birthwt", "low", {"bwt": LEAK}, ["race"]),
    listed("pima", "MASS/Pima.tr MASS/Pima.te", "type"),
    listed("bacteria", "MASS/bacteria", "y", {"ID": ID}, ["trt"]),
    listed("veteran", "survival/veteran", "celltype", note="label: kind of cell; only 9 patients were censored"),
    listed("turnout", "Zelig/turnout", "vote"),
    listed("voteincome", "Zelig/voteincome", "vote", note="year is the same in all rows and is kept"),
    listed("womenlf", "car/Womenlf", "partic", one_hot=["region"]),
    listed("cowles", "car/Cowles", "volunteer"),
    listed("participation", "Ecdat/Participation", "lfp"),
    listed("catsup", "Ecdat/Catsup", "choice", {"id": ID}),
    listed("cracker", "Ecdat/Cracker", "choice", {"id": ID}),
    listed("heating", "Ecdat/Heating", "depvar", {"idcase": ID}, ["region"]),
    listed(
        "modechoice",
        "Ecdat/ModeChoice",
        "choice",
        prepare=wide_mode_choice,
        note="one row a traveller, of four rows each; label: air, bus, car or train",
    ),
    listed("males", "Ecdat/Males", "union", {"nr": ID}, ["ethn", "industry", "occupation", "residence"]),
    listed("flchain", "survival/flchain", "death", {"chapter": LEAK, "futime": AFTER}),
    listed("nwtco", "survival/nwtco", "rel", {"seqno": ID, "edrel": AFTER}),
    listed(
        "channing",
        "KMsurv/channing",
        "death",
        {"obs": ID},
        note="age is the sum of ageentry and time, except in two rows",
    ),
    listed("shuttle", "MASS/shuttle", "use", one_hot=["error"], ordered={"magn": ["Light", "Medium", "Strong", "Out"]}),
    listed("logan", "survival/logan", "occupation", one_hot=["focc"]),
    listed("housing", "Ecdat/Housing", "airco"),
    further("mroz", "car/Mroz", "work", {"hoursw": LEAK, "hearnw": LEAK, "wagew": LEAK}),
    further(
        "benefits",
        "Ecdat/Benefits",
        "ui",
        {"state": CODE},
        ["joblost"],
        note="bluecol is the same in all rows and is kept",
    ),
    further("hdma", "Ecdat/Hdma", "deny"),
    further("train", "Ecdat/Train", "choice", {"id": ID, "choiceid": ID}),
    further("treatment", "Ecdat/Treatment", "treat", {"re78": AFTER}, ["ethn"]),
    further("medpar", "COUNT/medpar", "died", {"provnum": CODE, "type": "is type1, type2 and type3"}),
    further("titanic", "COUNT/titanic", "survived", one_hot=["class"]),
    further("azpro", "COUNT/azpro", "procedure", {"hospital": CODE}),
    further("aids2", "MASS/Aids2", "status", {"death": LEAK}, ["state", "T.categ"]),
    further(
        "infert",
        "datasets/infert",
        "case",
        {"stratum": ID, "pooled.stratum": ID},
        ordered={"education": ["0-5yrs", "6-11yrs", "12+ yrs"]},
    ),
    further("urine", "boot/urine", "r"),
    further("lung", "survival/lung", "status", {"inst": CODE, "time": AFTER}),
    further(
        "colon",
        "survival/colon",
        "status",
        {"id": ID, "study": ID, "time": AFTER, "etype": ID},
        ["rx"],
        prepare=recurrence,
        note="the rows of recurrences, one a patient",
    ),
    further("kyphosis", "rpart/kyphosis", "Kyphosis"),
    further("greene", "car/Greene", "decision", one_hot=["judge", "nation", "location"]),
    further("bfi", "psych/bfi", "gender"),
    further("chile", "car/Chile", "vote", one_hot=["region"], ordered={"education": ["P", "S", "PS"]}),
    further("vote92", "pscl/vote92", "vote"),
    further("mexico", "Zelig/mexico", "vote88", note="one is the same in all rows and is kept"),
    further("glass", "MASS/fgl", "type"),
    further(
        "crabs",
        "MASS/crabs",
        "kind",
        {"sp": LEAK, "sex": LEAK, "index": ID},
        prepare=species_and_sex,
        note="label: species and sex",
    ),
    further("pbc", "survival/pbc", "stage", {"id": ID, "time": AFTER, "status": AFTER}),
    further("fishing", "Ecdat/Fishing", "mode", {"price": LEAK, "catch": LEAK}),
    further("mode", "Ecdat/Mode", "choice"),
    further("yogurt", "Ecdat/Yogurt", "choice", {"id": ID}),
    further("kakadu", "Ecdat/Kakadu", "answer", {"lower": LEAK, "upper": LEAK}),
    further("ofp", "Ecdat/OFP", "hlth", one_hot=["region"]),
    further("doctoraus", "Ecdat/DoctorAUS", "insurance", one_hot=["chcond"]),
]
