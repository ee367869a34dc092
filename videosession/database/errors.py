"""Maps failures of the database to errors that tell the client whether to retry.

    DatabaseUnavailable  503   temporary: no connection, no primary, no majority, overloaded, a full disk
    DocumentRefused      422   the database does not take this document: a validator, too large, nested too deep
    DatabaseRefuses      500   the operation fails every time: credentials, permissions, options, an unknown command

A code in neither table counts as temporary: a useless retry costs less than a lost event. The
codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
"""

from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure, PyMongoError, WriteConcernError

from videosession.errors import DatabaseFailure, DatabaseRefuses, DatabaseUnavailable, DocumentRefused

BY_DOCUMENT = {
    15: "Overflow",  # nested too deep
    22: "InvalidBSON",
    52: "DollarPrefixedFieldName",
    55: "InvalidDBRef",
    56: "EmptyFieldName",
    57: "DottedFieldName",
    116: "DocTooLargeForCapped",
    121: "DocumentValidationFailure",
    357: "InvalidBSONType",
    378: "NonConformantBSON",
    10334: "BSONObjectTooLarge",
    17280: "KeyTooLong",
    17419: "the updated document is too large",
    17420: "the upserted document is too large",
}
BY_OPERATOR = {
    2: "BadValue",
    4: "NoSuchKey",
    9: "FailedToParse",
    11: "UserNotFound",
    13: "Unauthorized",
    14: "TypeMismatch",
    17: "ProtocolError",
    18: "AuthenticationFailed",
    20: "IllegalOperation",
    27: "IndexNotFound",
    28: "PathNotViable",
    31: "RoleNotFound",
    40: "ConflictingUpdateOperators",
    53: "InvalidIdField",
    54: "NotSingleValueField",
    59: "CommandNotFound",
    61: "ShardKeyNotFound",
    66: "ImmutableField",
    67: "CannotCreateIndex",
    68: "IndexAlreadyExists",
    72: "InvalidOptions",
    73: "InvalidNamespace",
    79: "UnknownReplWriteConcern",
    85: "IndexOptionsConflict",
    86: "IndexKeySpecsConflict",
    101: "OutdatedClient",
    115: "CommandNotSupported",
    146: "ExceededMemoryLimit",
    148: "ReadConcernMajorityNotEnabled",
    166: "CommandNotSupportedOnView",
    167: "OptionNotSupportedOnView",
    168: "InvalidPipelineOperator",
    197: "InvalidIndexSpecificationOption",
    201: "CannotBuildIndexKeys",
    214: "AuthenticationRestrictionUnmet",
    224: "QueryFeatureNotAllowed",
    238: "NotImplemented",
    242: "CannotCreateCollection",
    292: "QueryExceededMemoryLimitNoDiskUseAllowed",
    322: "APIVersionError",
    323: "APIStrictError",
    324: "APIDeprecationError",
    334: "MechanismUnavailable",
    352: "UnsupportedOpQueryCommand",
    411: "QueryRejectedBySettings",
    8000: "AtlasError",  # bad credentials, or a feature that the plan does not include
    10003: "CannotGrowDocumentInCappedNamespace",
    11000: "DuplicateKey",  # from a unique index that somebody added: the service handles its own duplicates
    28769: "NamespaceCannotBeSharded",
    40324: "an unknown stage of a pipeline",
    40414: "IDLFailedToParse, a field is missing",
    40415: "IDLUnknownField",
    50768: "NotARetryableWriteCommand",
}
_MAY_PASS = {"RetryableWriteError", "TransientTransactionError"}


def meaning(error: PyMongoError | DocumentTooLarge) -> DatabaseFailure:
    """Return the error to answer with, by the failure's codes."""
    if isinstance(error, DocumentTooLarge):  # PyMongo raises this itself, without sending the document
        return DocumentRefused("it is too large")
    codes = _codes(error)
    if codes and codes <= BY_DOCUMENT.keys():
        return DocumentRefused(_named(codes, BY_DOCUMENT))
    if codes and codes <= BY_OPERATOR.keys() | BY_DOCUMENT.keys():
        return DatabaseRefuses(_named(codes, BY_OPERATOR | BY_DOCUMENT))
    return DatabaseUnavailable()


def _codes(error: PyMongoError) -> set[int]:
    """Return the codes of a permanent failure; empty if any part of it may be temporary."""
    if any(error.has_error_label(label) for label in _MAY_PASS):
        return set()
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        if details.get("writeConcernErrors"):
            return set()
        faults = {fault["code"] for fault in details.get("writeErrors", ())}
        return faults - {11000} or faults
    if isinstance(error, OperationFailure) and not isinstance(error, WriteConcernError) and error.code is not None:
        return {error.code}
    return set()


def _named(codes: set[int], names: dict[int, str]) -> str:
    return ", ".join(f"code {code} ({names[code]})" for code in sorted(codes))
