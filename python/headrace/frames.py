"""Tables as pandas and polars have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.needed import needed

if TYPE_CHECKING:
    from headrace.table import Table


def pandas_frame(table: Table) -> Any:
    """A DataFrame whose columns are typed alike whether pyarrow is there or not.

    Whole numbers are int64 and the like, Int64 where one is NULL; truths bool or boolean; moments
    datetime64[ns, UTC]; text, ids and JSON are string, kept by pyarrow where it is there. Lists and
    other values that have no type in pandas are objects, one for each row.
    """
    pandas = needed("pandas", ".df()")
    try:
        arrow = table.arrow()
    except ImportError:
        arrow = None
    columns = [_array(pandas, table, arrow, column) for column in range(len(table.columns))]
    frame = pandas.DataFrame(dict(enumerate(columns)))
    frame.columns = table.columns
    return frame


def _array(pandas: Any, table: Table, arrow: Any, column: int) -> Any:
    fixed = table._table.fixed_column(column)
    if fixed is not None:
        return _numbers(pandas, *fixed)
    if arrow is not None:
        pyarrow = needed("pyarrow", ".df()")
        kind = arrow.field(column).type
        kind = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
        if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
            texts = arrow.column(column).cast(pyarrow.large_string())
            return pandas.arrays.ArrowStringArray(texts)
    else:
        text = table._table.text_column(column)
        if text is not None:
            return _texts(pandas, *text)
    return pandas.Series(table._table.column(column), dtype=object)


def _numbers(pandas: Any, kind: str, data: bytearray, nulls: bytearray | None) -> Any:
    numpy = needed("numpy", ".df()")
    is_moment = kind.startswith("datetime64")
    values = numpy.frombuffer(data, dtype=numpy.dtype("int64" if is_moment else kind))
    absent = None if nulls is None else numpy.frombuffer(nulls, dtype=bool)
    if is_moment:
        moments = values.view(kind).astype("datetime64[ns]")
        if absent is not None:
            moments[absent] = numpy.datetime64("NaT", "ns")
        return pandas.DatetimeIndex(moments, tz="UTC").array
    if absent is None:
        return values
    if kind.startswith("float"):
        values[absent] = numpy.nan
        return values
    array = pandas.arrays.BooleanArray if kind == "bool" else pandas.arrays.IntegerArray
    return array(values, absent)


def _texts(pandas: Any, codes: bytearray, known: list[str]) -> Any:
    """Of texts that repeat there is one object, however many rows have it."""
    numpy = needed("numpy", ".df()")
    texts = numpy.empty(len(known) + 1, dtype=object)
    texts[:-1] = known
    texts[-1] = pandas.NA  # code -1
    return pandas.arrays.StringArray(texts[numpy.frombuffer(codes, dtype="int32")])
