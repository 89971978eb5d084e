"""Online Retail II: what the customers of a gift shop bought in a year, to the minute."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..acquire.data_file import DataFile, Download
from ..acquire.file_set import FileSet
from ..card import Card, Fact
from ..dataset import Dataset
from ..errors import DataError
from ..parameters import parameter
from ..reading.csv_rows import check_header
from ..reading.frames import read_frame
from ..reading.schema import Kind, NumberColumn
from ..side_information import Provenance, Side, SideInformation, TextColumn
from .building.build import build_dataset
from .building.feature_columns import make_categorical, make_numeric
from .building.preprocessing import Rows, Rule, read_rated_pairs, to_text

NAME = "online-retail-ii"
FILE = "online_retail.parquet"
SHA256 = "e92bcbbce1b7a1041ad79462879d4774bf050c7b8fee9f4eef89f09fb6330664"
URL = (
    "https://raw.githubusercontent.com/viniciusfrantz/cohort_project/"
    f"1ab85b6ffbd0bfe457d31f2903a9b68d9a325c0f/data/{FILE}"
)
PRODUCT = r"^\d{5}[A-Za-z]*$"
"""Codes of products; others are postage, discounts, bank charges, corrections, tests, vouchers."""

SOLD = (
    NumberColumn("Invoice", Kind.NAME),
    NumberColumn("StockCode", Kind.NAME),
    NumberColumn("Quantity", Kind.NUMBER),
    NumberColumn("Price", Kind.NUMBER),
    NumberColumn("Customer ID", Kind.NUMBER, 0, 2**32 - 1, blank=True),
    NumberColumn("Country", Kind.NAME),
)
DAY = 24 * 3600
DATE = "%Y-%m-%d %H:%M:%S"


@dataclass
class OnlineRetailII:
    """Purchases of 4,000 gift articles by 4,300 customers, December 2009 to December 2010."""

    version: ClassVar[int] = 2

    k_core: int = parameter(
        5, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(
        None, "folder of the files; by default $COLDBENCH_DATA/online-retail-ii"
    )

    card: ClassVar[Card] = Card(
        title="Online Retail II, year 2009-2010",
        publisher="Daqing Chen, London South Bank University; UCI Machine Learning Repository, "
        "dataset 502, 2019",
        page="https://archive.ics.uci.edu/dataset/502/online+retail+ii",
        licence="See the dataset's page at UCI, which is believed to say CC BY 4.0. What is "
        "fetched is its first sheet as a Parquet file, from a repository that states no licence. "
        "Not shipped.",
        citation="Chen, Sain, Guo: Data mining for the online retail industry, Journal of Database "
        "Marketing and Customer Strategy Management 19(3), 2012, doi:10.1057/dbm.2012.17; "
        "Chen: Online Retail II, UCI, 2019, doi:10.24432/C5CG6D",
        limitations=(
            "Left out are the 107,927 of 525,461 rows without a customer, cancellations (an "
            "invoice that begins with C) and what is not a product (a code that is not five digits "
            "and letters: POST, M, D, C2, ADJUST, BANK CHARGES, TEST001, PADS, SP1002).",
            "A pair counts once however often it was bought: every value is 1, its time is that "
            "of the last purchase. Many customers are wholesalers.",
            "Price, description and country are taken for facts of the shop's catalogue and of its "
            "list of customers, though the file holds them with each sale. `price` is the median "
            "unit price above 0 on the first day on which the article was sold, to anybody: no "
            "later sale moves it. `country` is that of the customer's first purchase. The "
            "description is the spelling that most of the kept sales give.",
            "There is no graph: features and text say all that is known.",
            "Times are the shop's clock, to the minute, read as if they were UTC.",
        ),
        facts=(
            Fact("price", features="price", text="price"),
            Fact("description", text="description", remark="free text"),
            Fact("country", features="country", text="country", side=Side.USER),
        ),
    )
    files: ClassVar[FileSet] = FileSet(
        NAME, files=(DataFile(FILE, SHA256),), downloads=(Download(URL, SHA256, 3_669_327),)
    )

    def load(self) -> Dataset:
        """Read the file of the folder and return the dataset."""
        path = self.files.installed(self.path).path(FILE)
        products = _products(path)
        kept = _purchases(path, products)
        rule = Rule(None, self.k_core)
        pairs = read_rated_pairs(rule, NAME, path, lambda stored: _rows(path, kept))
        users, items = to_text(pairs.user_ids), to_text(pairs.item_ids)
        return build_dataset(
            NAME,
            pairs,
            (users, items),
            _customers(path, kept, pairs.user_ids),
            _articles(_prices(path, products, items), _descriptions(kept, items)),
            None,
            "purchases of products by known customers, without cancellations; " + rule.sentence(),
        )


def _products(path: Path) -> Any:
    """Return the rows of the file that sell a product, with their place in the file."""
    import polars as pl

    frame = read_frame(path, SOLD)
    check_header(path, frame.columns, ("InvoiceDate", "Description"))
    sold = (
        frame.with_row_index("row", offset=1)
        .with_columns(pl.col("StockCode").str.strip_chars())
        .filter(
            pl.col("StockCode").str.contains(PRODUCT),
            ~pl.col("Invoice").str.starts_with("C"),
        )
    )
    if not sold.height:
        raise DataError("no row sells a product", path=path, column="StockCode")
    return sold


def _purchases(path: Path, products: Any) -> Any:
    """Return the rows whose customer is known; a customer is a whole number, a sale above 0."""
    import polars as pl

    kept = products.filter(pl.col("Customer ID").is_not_null())
    for column, wrong, problem in (
        ("Customer ID", pl.col("Customer ID") % 1 != 0, "is not a whole number"),
        ("Quantity", pl.col("Quantity") <= 0, "is sold, though the invoice is not a cancellation"),
    ):
        bad = kept.filter(wrong)
        if bad.height:
            value, row = bad[column][0], bad["row"][0]
            raise DataError(f"row {row}: {value:g} {problem}", path=path, column=column)
    if not kept.height:
        raise DataError("no row has a customer", path=path, column="Customer ID")
    return kept.with_columns(pl.col("Customer ID").cast(pl.UInt32))


def _rows(path: Path, kept: Any) -> Rows:
    codes = kept["StockCode"]
    return {
        "user": kept["Customer ID"].to_numpy(),
        "item": (codes.rank("dense") - 1).to_numpy().astype(np.uint32),
        "item_names": np.array(codes.unique().sort().to_list(), dtype=np.str_),
        "rating": np.ones(kept.height, dtype=np.float32),
        "timestamp": _seconds(path, kept),
    }


def _seconds(path: Path, sales: Any) -> np.ndarray:
    import polars as pl

    dates = sales["InvoiceDate"]
    if dates.dtype == pl.String:
        dates = dates.str.to_datetime(DATE, strict=False)
    if not isinstance(dates.dtype, pl.Datetime) or dates.null_count():
        at = int(dates.is_null().arg_max() or 0)
        raise DataError(
            f"row {sales['row'][at]}: {sales['InvoiceDate'][at]!r} is not a date and time",
            path=path,
            column="InvoiceDate",
            remedy="write it as 2009-12-01 07:45:00",
        )
    seconds: np.ndarray = dates.dt.epoch("s").to_numpy()
    return seconds


def _customers(path: Path, kept: Any, ids: np.ndarray) -> SideInformation:
    """Return the country that each customer's first sale names."""
    import polars as pl

    first = (
        kept.with_columns(pl.Series("seconds", _seconds(path, kept)))
        .sort("seconds", "row")
        .unique("Customer ID", keep="first", maintain_order=True)
    )
    found = dict(first.select("Customer ID", "Country").iter_rows())
    countries = [found[key] for key in ids.tolist()]
    origin = Provenance.INTRINSIC
    column = make_categorical("country", origin, [[country] for country in countries])
    return SideInformation((column,), (TextColumn("country", origin, countries),))


def _prices(path: Path, products: Any, items: np.ndarray) -> list[float | None]:
    """Return the median price above 0 on the first day on which each article has one."""
    import polars as pl

    priced = products.filter(pl.col("Price") > 0, pl.col("Quantity") > 0)
    priced = priced.with_columns(pl.Series("day", _seconds(path, priced) // DAY))
    first = priced.filter(pl.col("day") == pl.col("day").min().over("StockCode"))
    medians = first.group_by("StockCode").agg(pl.col("Price").median().round(2))
    found: dict[str, float] = dict(medians.iter_rows())
    return [found.get(code) for code in items.tolist()]


def _articles(prices: list[float | None], description: TextColumn) -> SideInformation:
    """Return price and description; the price is a text too, ``"£2.55"``."""
    written = ["" if price is None else f"£{price:.2f}" for price in prices]
    origin = Provenance.INTRINSIC
    column = make_numeric("price", origin, prices)
    return SideInformation((column,), (description, TextColumn("price", origin, written)))


def _descriptions(kept: Any, items: np.ndarray) -> TextColumn:
    """Return the most frequent description of every article; of equals the alphabet's first."""
    import polars as pl

    counted = (
        kept.with_columns(pl.col("Description").str.replace_all(r"\s+", " ").str.strip_chars())
        .filter(pl.col("Description").str.len_chars() > 0)
        .group_by("StockCode", "Description")
        .len()
        .sort(["StockCode", "len", "Description"], descending=[False, True, False])
        .unique("StockCode", keep="first", maintain_order=True)
    )
    found = dict(counted.select("StockCode", "Description").iter_rows())
    texts = [found.get(code, "") for code in items.tolist()]
    return TextColumn("description", Provenance.INTRINSIC, texts)
