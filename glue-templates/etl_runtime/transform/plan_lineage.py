"""Computes the column lineage from the JSON of Spark's analyzed plan (`LogicalPlan.toJSON`).

The JSON is a list of the plan's nodes in preorder. Each node contains the number of its children. The expressions in
the fields of a node are lists of the same kind. A column of a plan has an expression ID, which the nodes above use to
refer to it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

IDENTITY, TRANSFORMATION, AGGREGATION = range(3)
KINDS = ("identity", "transformation", "aggregation")
FILTER = -1
"""The context of an expression that affects which rows exist, such as the ORDER BY of a window."""
MAX_SOURCES = 2_000_000
"""The maximum number of sources of all columns in all nodes of the plan. A table with 5,000 columns has about
100,000."""
MAX_ENTRIES = 20_000
"""The maximum number of pairs of a column and a source, per table in the run record."""
MAX_LOOPS = 10  # of a recursive query; the sources of its columns no longer change after a few iterations

PlanNode = Mapping[str, Any]
Column = tuple[str, str, str]
"""The database.table, the column, and the path within a struct column, such as `city`. The path is empty for the whole
column."""
Sources = dict[Column, int]
"""How each source column is used: the index in KINDS, keyed by source column."""
Output = list[tuple[int, Sources]]
"""The columns of a node in order, each with its expression ID and its sources."""

OF_LEFT_SIDE = ("LeftSemi$", "LeftAnti$")
LIMITS = ("GlobalLimit", "LocalLimit", "Offset", "Tail")


class TooManySources(Exception):
    """The plan is too large for this analysis."""


@dataclass
class Tree:
    """A node of the plan with its children."""

    node: PlanNode
    children: "list[Tree]" = field(default_factory=list)

    @property
    def name(self) -> str:
        return class_name(self.node)


def column_lineage(preorder: Sequence[PlanNode], names: Sequence[str]) -> dict[str, Any]:
    """The lineage of a plan, in the format of the run record. `names` are the names of the plan's columns.

    Raises TooManySources if the plan is too large.
    """
    lineage = _PlanLineage(limited=any(class_name(node) in LIMITS for node in preorder))
    output = lineage.output(tree(preorder), [])
    columns = {name: _entries(sources) for name, (_, sources) in zip(names, output, strict=True)}
    if sum(map(len, columns.values())) > MAX_ENTRIES:
        raise TooManySources
    filters = sorted({(table, column) for table, column, _ in lineage.filters})
    return {
        "tables": sorted(lineage.tables),
        "columns": columns,
        "filters": [{"table": table, "column": column} for table, column in filters],
    }


def tree(preorder: Sequence[PlanNode]) -> Tree:
    """Convert a list of nodes to a tree. This is a loop instead of a recursion, because a plan can have thousands of
    levels."""
    pending: list[Tree] = []
    for node in reversed(preorder):
        count = node["num-children"]
        children = [pending.pop() for _ in range(count)]
        pending.append(Tree(node, children))
    (root,) = pending
    return root


def class_name(node: PlanNode) -> str:
    return str(node["class"]).rpartition(".")[2]


def _entries(sources: Sources) -> list[dict[str, str]]:
    return [
        {
            "table": table,
            "column": column,
            **({"path": f"{column}.{path}"} if path else {}),
            "kind": KINDS[kind],
        }
        for (table, column, path), kind in sorted(sources.items())
    ]


@dataclass(frozen=True)
class _Reference:
    """A column or a subquery in an expression. `path` is the path of a struct field; `kind` is how the value is
    used."""

    kind: int
    path: str = ""
    id: int = 0
    subquery: PlanNode | None = None


@dataclass
class _PlanLineage:
    """Analyzes one plan. `limited` is true if the row order matters because the plan contains a LIMIT."""

    limited: bool
    filters: set[Column] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    _defined: dict[int, Output] = field(default_factory=dict)  # the output of common table expressions, keyed by ID
    _loops: dict[int, Output] = field(default_factory=dict)  # the output of recursive ones
    _count: int = 0

    def output(self, root: Tree, outer: "list[dict[int, Sources]]") -> Output:
        """The columns of a plan. `outer` are the columns of the plans that contain it as a subquery."""
        outputs: dict[int, Output] = {}
        pending: list[tuple[Tree, bool]] = [(root, False)]
        while pending:
            plan, has_children = pending.pop()
            if not has_children and plan.name != "UnionLoop":
                pending.append((plan, True))
                pending += [(child, False) for child in reversed(plan.children)]
                continue
            found = _Node(
                self, plan, [outputs.pop(id(child)) for child in plan.children if id(child) in outputs], outer
            )
            outputs[id(plan)] = found.output()
        return outputs[id(root)]

    def count(self, sources: int) -> None:
        self._count += sources
        if self._count > MAX_SOURCES:
            raise TooManySources

    def define(self, table: int, output: Output) -> None:
        self._defined[table] = output

    def referred(self, table: int) -> Output:
        return self._defined.get(table, [])

    def loop(self, plan: Tree, outer: "list[dict[int, Sources]]") -> Output:
        """The columns of a recursive query: the columns of its anchor member and its recursive member, combined by
        position."""
        anchor, recursion = plan.children
        found = self.output(anchor, outer)
        for _ in range(MAX_LOOPS):
            self._loops[plan.node["id"]] = found
            united = self.united([found, self.output(recursion, outer)])
            if united == found:
                break
            found = united
        ids = [each["id"] for each in plan.node.get("outputAttrIds") or []]
        return [(id_, sources) for id_, (_, sources) in zip(ids, found, strict=False)] or found

    def of_loop(self, loop: int) -> Output:
        return self._loops.get(loop, [])

    def united(self, outputs: Sequence[Output]) -> Output:
        """The columns of a UNION, combined by position, with the IDs of the first query."""
        if len(outputs) == 1:
            return outputs[0]
        columns = zip(*outputs, strict=False)
        return [(same[0][0], self.merged(sources for _, sources in same)) for same in columns]

    def merged(self, several: Iterable[Sources]) -> Sources:
        result: Sources = {}
        for sources in several:
            self.count(len(sources))
            for source, kind in sources.items():
                result[source] = max(kind, result.get(source, kind))
        return result


class _Node:
    """Computes the columns of one node from the columns of its children."""

    def __init__(
        self, lineage: _PlanLineage, plan: Tree, inputs: Sequence[Output], outer: "list[dict[int, Sources]]"
    ) -> None:
        self._lineage = lineage
        self._plan = plan
        self._node = plan.node
        self._inputs = inputs
        self._outer = outer
        self._known = {id_: sources for each in inputs for id_, sources in each}

    def output(self) -> Output:
        own = getattr(self, f"_{self._plan.name.lower()}", None)
        return own() if own else self._other()

    def _project(self) -> Output:
        return self._named("projectList")

    def _aggregate(self) -> Output:
        self._filter_by("groupingExpressions")
        return self._named("aggregateExpressions")

    def _window(self) -> Output:
        self._filter_by("partitionSpec", "orderSpec")
        return [*self._all(), *self._named("windowExpressions")]

    def _filter(self) -> Output:
        self._filter_by("condition")
        return self._all()

    def _join(self) -> Output:
        self._filter_by("condition")
        kind = str((self._node.get("joinType") or {}).get("object", "")).rpartition(".")[2]
        return self._inputs[0] if kind in OF_LEFT_SIDE else self._all()

    def _lateraljoin(self) -> Output:
        self._filter_by("condition")
        subquery = next(each.subquery for each in _references(self._node["right"]) if each.subquery)
        return [*self._all(), *self._of_subquery(subquery)]

    def _union(self) -> Output:
        return self._lineage.united(self._inputs)

    def _intersect(self) -> Output:
        self._filter_by_all()
        return self._inputs[0]

    _except = _intersect

    def _distinct(self) -> Output:
        self._filter_by_all()
        return self._all()

    def _deduplicate(self) -> Output:
        self._filter_by("keys")
        return self._all()

    def _sort(self) -> Output:
        if self._lineage.limited:
            self._filter_by("order")
        return self._all()

    def _generate(self) -> Output:
        sources = self._sources(self._node["generator"], TRANSFORMATION)
        return [*self._all(), *((_id(each), sources) for each in _expressions(self._node["generatorOutput"]))]

    def _expand(self) -> Output:
        """The columns of GROUPING SETS or UNPIVOT. They create copies of each row, each with its own expressions."""
        if not self._node.get("projections"):
            return self._other()
        columns = zip(*self._node["projections"], strict=True)
        merged = [self._lineage.merged(map(self._sources, expressions)) for expressions in columns]
        return list(zip(map(_id, _expressions(self._node["output"])), merged, strict=True))

    def _logicalrelation(self) -> Output:
        """The columns of an input's table. Columns that are read from files without a table have no sources."""
        table = self._node.get("catalogTable")
        if not table:
            return self._other()
        name = f"{table['identifier']['database']}.{table['identifier']['table']}"
        columns = {each["name"] for each in table["schema"]["fields"]}
        self._lineage.tables.add(name)
        self._lineage.count(len(columns))
        return [
            (_id(each), {(name, each[0]["name"], ""): IDENTITY} if each[0]["name"] in columns else {})
            for each in _expressions(self._node["output"])
        ]

    def _withcte(self) -> Output:
        return self._inputs[self._node["plan"]]

    def _cterelationdef(self) -> Output:
        self._lineage.define(self._node["id"], self._inputs[0])
        return self._inputs[0]

    def _cterelationref(self) -> Output:
        return self._renumbered(self._lineage.referred(self._node["cteId"]))

    def _unionloop(self) -> Output:
        return self._lineage.loop(self._plan, self._outer)

    def _unionloopref(self) -> Output:
        return self._renumbered(self._lineage.of_loop(self._node["loopId"]))

    def _other(self) -> Output:
        """The columns of the children, plus new columns. The sources of each new column are all columns of the
        children, because Python code can use any of them."""
        self._filter_by("groupingAttributes", "leftAttributes", "rightAttributes")
        ids = [_id(each) for each in _expressions(self._node.get("output"))]
        if not ids:
            return self._all()
        everything = {source: TRANSFORMATION for sources in self._known.values() for source in sources}
        self._lineage.count(len(everything))
        return [(id_, self._known.get(id_, everything)) for id_ in ids]

    def _all(self) -> Output:
        return [column for each in self._inputs for column in each]

    def _renumbered(self, columns: Output) -> Output:
        """The columns with the expression IDs of this node."""
        ids = map(_id, _expressions(self._node["output"]))
        return [(id_, sources) for id_, (_, sources) in zip(ids, columns, strict=False)]

    def _named(self, key: str) -> Output:
        return [(_id(expression), self._sources(expression)) for expression in _expressions(self._node[key])]

    def _filter_by(self, *keys: str) -> None:
        for key in keys:
            for expression in _expressions(self._node.get(key)):
                self._lineage.filters.update(self._sources(expression, TRANSFORMATION))

    def _filter_by_all(self) -> None:
        for _, sources in self._all():
            self._lineage.filters.update(sources)

    def _sources(self, expression: Sequence[PlanNode], kind: int = IDENTITY) -> Sources:
        """The sources of an expression. Sources that only affect which rows exist become filters."""
        result: Sources = {}
        for reference in _references(expression, kind):
            found = self._referred(reference)
            if reference.kind == FILTER:
                self._lineage.filters.update(found)
                continue
            self._lineage.count(len(found))
            for (table, column, path), used in found.items():
                source = (table, column, ".".join(filter(None, (path, reference.path if used == IDENTITY else ""))))
                as_kind = max(reference.kind, used)
                result[source] = max(as_kind, result.get(source, as_kind))
        return result

    def _referred(self, reference: _Reference) -> Sources:
        if reference.subquery is not None:
            columns = self._of_subquery(reference.subquery)
            if class_name(reference.subquery) == "Exists":
                return {}  # only its filters matter, not its columns
            return self._lineage.merged(sources for _, sources in columns)
        for known in (self._known, *reversed(self._outer)):
            if reference.id in known:
                return known[reference.id]
        return {}

    def _of_subquery(self, subquery: PlanNode) -> Output:
        return self._lineage.output(tree(subquery["plan"]), [*self._outer, self._known])


def _expressions(value: Any) -> Iterator[Sequence[PlanNode]]:
    """Yield the expressions in a field of a node, which contains one expression or a list of expressions."""
    if value and isinstance(value[0], Mapping):
        yield value
    else:
        yield from value or ()


def _id(expression: Sequence[PlanNode]) -> int:
    """The expression ID of a named expression."""
    node = expression[0]
    return _id(node["e"]) if "e" in node else int(node["exprId"]["id"])


def _references(expression: Sequence[PlanNode], kind: int = IDENTITY) -> Iterator[_Reference]:
    """The columns and subqueries in an expression."""
    pending: list[tuple[int, int, str]] = [(1, kind, "")]  # the number of remaining children, and their kind and path
    for position, node in enumerate(expression):
        while not pending[-1][0]:
            pending.pop()
        count, kind, path = pending.pop()
        pending.append((count - 1, kind, path))
        name = class_name(node)
        if name == "AttributeReference":
            yield _Reference(kind, path, _id([node]))
        elif name == "OuterReference":
            yield from (_Reference(kind, path, each.id) for each in _references(node["e"]))
        elif isinstance(node.get("plan"), list):
            yield _Reference(kind if kind == FILTER else max(kind, TRANSFORMATION), subquery=node)
        pending.append((node["num-children"], *_use(node, name, expression[position + 1 : position + 2], kind, path)))


def _use(node: PlanNode, name: str, child: Sequence[PlanNode], kind: int, path: str) -> tuple[int, str]:
    """Return how a node uses the values of its children: the kind of use, and the path of a struct field."""
    if kind == FILTER or name == "WindowSpecDefinition" or isinstance(node.get("plan"), list):
        return FILTER, ""  # the children of a subquery are the outer columns that its conditions use
    if name == "Alias" or (name == "Cast" and child and child[0].get("dataType") == node.get("dataType")):
        return kind, path
    if name == "GetStructField" and node.get("name"):
        return kind, ".".join(filter(None, (node["name"], path)))
    if name == "WindowExpression":
        return kind, ""
    return max(kind, AGGREGATION if name == "AggregateExpression" else TRANSFORMATION), ""
