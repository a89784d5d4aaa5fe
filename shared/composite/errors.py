"""What the arithmetic refuses, told apart so that a caller can point at the place."""


class CompositeError(ValueError):
    """Something the caller handed in cannot be computed."""


class FrameworkError(CompositeError):
    """The nodes are not one tree with usable weights; ``node`` is the code of the one at fault."""

    def __init__(self, message: str, *, node: str | None = None) -> None:
        super().__init__(message)
        self.node = node


class MethodError(CompositeError):
    """The method has a setting that does not exist or makes no sense; ``pointer`` (RFC 6901) says which."""

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class DataError(CompositeError):
    """The figures do not fit the framework or the method; ``unit`` and ``node`` say where, when one is at fault."""

    def __init__(self, message: str, *, unit: str | None = None, node: str | None = None) -> None:
        super().__init__(message)
        self.unit = unit
        self.node = node
