"""A substitute for awsglue.transforms in the Glue service."""

from typing import Any, NoReturn

from awsglue.dynamicframe import DynamicFrame
from awsglue.unavailable import unavailable

__all__ = [
    "ApplyMapping",
    "Coalesce",
    "DropFields",
    "DropNullFields",
    "ErrorsAsDynamicFrame",
    "Filter",
    "FlatMap",
    "Join",
    "Map",
    "MapToCollection",
    "Relationalize",
    "RenameField",
    "Repartition",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
    "Spigot",
    "SplitFields",
    "SplitRows",
    "Unbox",
    "Union",
    "UnnestFrame",
]


class GlueTransform:
    """Base class: `Transform.apply(…)` calls `Transform()(…)`, which fails unless a subclass implements it."""

    @classmethod
    def name(cls) -> str:
        return cls.__name__

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        return cls()(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._unavailable()

    def _unavailable(self) -> NoReturn:
        unavailable(f"The transform {self.name()}")


class ApplyMapping(GlueTransform):
    def __call__(self, frame: DynamicFrame, mappings: Any, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.apply_mapping(mappings)


class Coalesce(GlueTransform):
    def __call__(
        self, frame: DynamicFrame, num_partitions: int, shuffle: bool = False, *args: Any, **kwargs: Any
    ) -> DynamicFrame:
        return frame.coalesce(num_partitions, shuffle)


class DropFields(GlueTransform):
    def __call__(self, frame: DynamicFrame, paths: Any, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.drop_fields(paths)


class DropNullFields(GlueTransform):
    def __call__(self, frame: DynamicFrame, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.drop_null_fields()


class Filter(GlueTransform):
    def __call__(self, frame: DynamicFrame, f: Any, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.filter(f)


class Join(GlueTransform):
    def __call__(
        self, frame1: DynamicFrame, frame2: DynamicFrame, keys1: Any, keys2: Any, *args: Any, **kwargs: Any
    ) -> DynamicFrame:
        return frame1.join(keys1, keys2, frame2)


class RenameField(GlueTransform):
    def __call__(self, frame: DynamicFrame, old_name: str, new_name: str, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.rename_field(old_name, new_name)


class Repartition(GlueTransform):
    def __call__(self, frame: DynamicFrame, num_partitions: int, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.repartition(num_partitions)


class ResolveChoice(GlueTransform):
    def __call__(
        self, frame: DynamicFrame, specs: Any = None, choice: str = "", *args: Any, **kwargs: Any
    ) -> DynamicFrame:
        return frame.resolveChoice(specs, choice)


class SelectFields(GlueTransform):
    def __call__(self, frame: DynamicFrame, paths: Any, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame.select_fields(paths)


class Union(GlueTransform):
    def __call__(self, frame1: DynamicFrame, frame2: DynamicFrame, *args: Any, **kwargs: Any) -> DynamicFrame:
        return frame1.union(frame2)


class ErrorsAsDynamicFrame(GlueTransform):
    pass


class FlatMap(GlueTransform):
    pass


class Map(GlueTransform):
    pass


class MapToCollection(GlueTransform):
    pass


class Relationalize(GlueTransform):
    pass


class SelectFromCollection(GlueTransform):
    pass


class Spigot(GlueTransform):
    pass


class SplitFields(GlueTransform):
    pass


class SplitRows(GlueTransform):
    pass


class Unbox(GlueTransform):
    pass


class UnnestFrame(GlueTransform):
    pass
