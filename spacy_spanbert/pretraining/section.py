"""A section of a config, checked value by value."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Section(BaseModel):
    """A section of the config; keys that do not exist are errors."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_not_true(cls, value: Any, info: ValidationInfo) -> Any:
        assert info.field_name is not None
        is_number = takes_numbers(cls.model_fields[info.field_name].annotation)
        return refuse_truth(value) if is_number else value


def takes_numbers(annotation: Any) -> bool:
    """Tell whether a value is a number, and never true or false.

    annotation (Any): Its type, such as `float | None`.
    RETURNS (bool): Whether it is.
    """
    types = get_args(annotation) or (annotation,)
    return bool not in types and not {int, float}.isdisjoint(types)


def refuse_truth(value: Any) -> Any:
    """Refuse true and false in the place of a number; they would pass for 1 and 0.

    value (Any): From a config.
    RETURNS (Any): The same.
    RAISES (ValueError): If it is true or false; for pydantic.
    """
    if isinstance(value, bool):
        raise ValueError("expected a number; an option that is given without a value is true")
    return value
