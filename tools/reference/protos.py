"""Protos: what `protos/` declares, with its comments, as records the pages and the contract tests are drawn from."""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)
from grpc_tools import protoc
from tools.stubs import INCLUDES, protos

# Field numbers of descriptor.proto: a comment is found by the path of numbers that leads to what it speaks of.
MESSAGES, ENUMS, SERVICES = 4, 5, 6
MEMBERS = 2

Comments = Mapping[tuple[int, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a message, or a value of an enum (its type is then its number)."""

    name: str
    type_name: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A message or an enum; `file` is its proto below `protos/`."""

    full_name: str
    file: str
    comment: str
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """Its name without the package."""
        return self.full_name.rpartition(".")[2]

    @property
    def package(self) -> str:
        """The package it is in."""
        return self.full_name.rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """A call, with the full names of what it takes and gives."""

    name: str
    request: str
    response: str
    streams: bool
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A gRPC service."""

    full_name: str
    comment: str
    rpcs: tuple[Rpc, ...]

    @property
    def package(self) -> str:
        """The package it is in, for example hashtill.orders.v1."""
        return self.full_name.rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protos:
    """All that is declared: messages and enums by full name, and services, each in the order of the files."""

    records: Mapping[str, Record]
    services: tuple[Service, ...]


@lru_cache(maxsize=1)
def read_protos() -> Protos:
    """Compile `protos/` with its comments; needs no network."""
    files = _descriptors(protos())
    records = [record for file in files for record in _records(file)]
    services = [_service(file, index) for file in files for index in range(len(file.service))]
    return Protos(records={each.full_name: each for each in records}, services=tuple(services))


def _descriptors(names: Sequence[str]) -> Sequence[FileDescriptorProto]:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "set"
        includes = [f"-I{folder}" for folder in INCLUDES]
        if protoc.main(["protoc", *includes, f"--descriptor_set_out={target}", "--include_source_info", *names]) != 0:
            sys.exit("protoc refused the protos; its message is above.")
        return sorted(FileDescriptorSet.FromString(target.read_bytes()).file, key=lambda file: file.name)


def _records(file: FileDescriptorProto) -> Iterator[Record]:
    comments = _comments(file)
    for index, message in enumerate(file.message_type):
        yield _message(file, message, path=(MESSAGES, index), comments=comments)
    for index, enum in enumerate(file.enum_type):
        yield _enum(file, enum, path=(ENUMS, index), comments=comments)


def _message(
    file: FileDescriptorProto, message: DescriptorProto, *, path: tuple[int, ...], comments: Comments
) -> Record:
    maps = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
    fields = (
        Field(name=field.name, type_name=_type_name(field, maps), comment=comments.get((*path, MEMBERS, index), ""))
        for index, field in enumerate(message.field)
    )
    return Record(
        full_name=f"{file.package}.{message.name}",
        file=file.name,
        comment=comments.get(path, ""),
        fields=tuple(fields),
    )


def _enum(file: FileDescriptorProto, enum: EnumDescriptorProto, *, path: tuple[int, ...], comments: Comments) -> Record:
    values = (
        Field(name=value.name, type_name=str(value.number), comment=comments.get((*path, MEMBERS, index), ""))
        for index, value in enumerate(enum.value)
    )
    return Record(
        full_name=f"{file.package}.{enum.name}", file=file.name, comment=comments.get(path, ""), fields=tuple(values)
    )


def _service(file: FileDescriptorProto, index: int) -> Service:
    service: ServiceDescriptorProto = file.service[index]
    comments, path = _comments(file), (SERVICES, index)
    rpcs = (
        Rpc(
            name=method.name,
            request=method.input_type.removeprefix("."),
            response=method.output_type.removeprefix("."),
            streams=method.server_streaming,
            comment=comments.get((*path, MEMBERS, number), ""),
        )
        for number, method in enumerate(service.method)
    )
    return Service(full_name=f"{file.package}.{service.name}", comment=comments.get(path, ""), rpcs=tuple(rpcs))


def _comments(file: FileDescriptorProto) -> Comments:
    told = ((tuple(place.path), place.leading_comments) for place in file.source_code_info.location)
    return {path: " ".join(text.split()) for path, text in told if text}


def _type_name(field: FieldDescriptorProto, maps: Mapping[str, DescriptorProto]) -> str:
    own = field.type_name.removeprefix(".")
    entry = maps.get(own.rpartition(".")[2])
    if entry is not None:
        return f"map of {_type_name(entry.field[0], {})} to {_type_name(entry.field[1], {})}"
    name = own or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    return f"repeated {name}" if field.label == FieldDescriptorProto.LABEL_REPEATED else name
