export { keyOf, formatKey, parseKey, uidOf } from './object.js';
export type { KubernetesObject, ObjectKey, ObjectList } from './object.js';
export { apiVersionOf, qualifiedName, resourcePath } from './resource-type.js';
export type { ResourceType, Subresource, Verb } from './resource-type.js';
export { builtInResources, resourceType, resourceOfKind } from './kinds.js';
export {
  ApiError,
  ignoring,
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isNotFound,
  isTooManyRequests,
  isUnauthorized,
} from './status.js';
export type { CauseReason, FieldError, Status, StatusCause, StatusReason, StatusSubject } from './status.js';
// The generated table is long on purpose: each resource is one typed constant, each definition one type.
export * from './generated/resources.js';
export type * from './generated/types.js';
export { addonPhase, addons } from './addon.js';
export { addonArchiveLimitBytes, addonPackageLabel, addonPackageName, addonPackages } from './addon-package.js';
export type { AddonPackage, AddonPackageSpec } from './addon-package.js';
export type {
  Addon,
  AddonCluster,
  AddonDefinition,
  AddonHealthCheck,
  AddonPhase,
  AddonRelease,
  AddonResource,
  AddonSize,
  AddonSource,
  AddonSpec,
  AddonStatus,
  AddonUpgrade,
} from './addon.js';
export { deepEqual, semanticEqual } from './json/deep-equal.js';
export { asJson, fieldOf, isJsonArray, isJsonObject, setField, valueAt } from './json/json-value.js';
export type { Json, JsonObject, MutableJsonObject } from './json/json-value.js';
export {
  duplicate,
  forbidden,
  immutable,
  invalid,
  notFound,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from './fields/field-error.js';
export {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  pathSegmentName,
  qualifiedName as qualifiedNameRule,
  wildcardDns1123Subdomain,
} from './names/name-rules.js';
export type { NameRule } from './names/name-rules.js';
export { generateName, nameSuffixAlphabet, randomNameSuffix } from './names/generate-name.js';
export { formatLabelSelector, labelSelectorOf, matchesLabels, selectsNothing } from './selectors/label-selector.js';
export type { LabelOperator, LabelRequirement, LabelRequirements, Labels } from './selectors/label-selector.js';
export { parseLabelSelector } from './selectors/parse-label-selector.js';
export { formatFieldSelector, matchesFields, parseFieldSelector } from './selectors/field-selector.js';
export type { FieldRequirement, FieldRequirements } from './selectors/field-selector.js';
export {
  addQuantities,
  bytesOf,
  compareQuantities,
  cpuMillis,
  milliUnits,
  parseQuantity,
  quantityProblem,
  subtractQuantities,
  wholeUnits,
} from './quantity/quantity.js';
export type { Quantity as ParsedQuantity, QuantityFormat } from './quantity/quantity.js';
export { addAmounts, amountsDifference, amountsOnly } from './quota/amounts.js';
export type { Amounts } from './quota/amounts.js';
export { podAmounts } from './quota/pod-amounts.js';
export { isInQuotaScope } from './quota/quota-scope.js';
export { kindsOfQuota, quotaUsageOf, quotaUsed } from './quota/quota-usage.js';
export type { QuotaKind } from './quota/quota-usage.js';
export { canonicalQuantity, formatQuantity } from './quantity/format-quantity.js';
export { listKeyDefault, schemaOfField } from './schema/schema.js';
export type { PatchStrategy, Schema, SchemaKind } from './schema/schema.js';
export { schemaOfDefinition } from './schema/built-in-schema.js';
export { schemaOfStructural } from './schema/structural-schema.js';
export { schemaOf } from './schema/schema-of.js';
export { applyJsonPatch, maxJsonPatchOperations } from './patch/json-patch.js';
export type { JsonPatchOperation } from './patch/json-patch.js';
export { applyMergePatch } from './patch/merge-patch.js';
export { applyStrategicMergePatch } from './patch/strategic-merge-patch.js';
export { maxJsonDepth, parseJson, parseJsonStrict } from './json/parse-json.js';
export type { StrictJson } from './json/parse-json.js';
export { checkFields, decodeObject, strictDecodingError, strictDecodingTexts } from './decode/decode-object.js';
export type { DecodedObject } from './decode/decode-object.js';
export { defaultObject } from './defaults/default-object.js';
export { pullPolicyOf } from './defaults/container.js';
export { matchesNodeAffinity, matchesNodeSelectorTerm } from './placement/node-selector.js';
export type { PlacementNode } from './placement/node-selector.js';
export { tolerates, untolerated } from './placement/toleration.js';
export { ageOf, humanDuration } from './printing/human-duration.js';
export { nodeStatusText } from './printing/core.js';
export { podStatusText, summarizePod } from './printing/pod-status.js';
export type { PodSummary } from './printing/pod-status.js';
export { printerFor, tableFor } from './printing/table-for.js';
export type {
  PrintContext,
  PrintedRow,
  PrintedTable,
  Printer,
  TableCell,
  TableColumn,
  TableRowCondition,
} from './printing/table.js';
export { customPrinter } from './printing/custom-columns.js';
export { compileJsonPath } from './json/json-path.js';
export type { JsonPath } from './json/json-path.js';
export {
  addonClosure,
  addonConflicts,
  addonDependants,
  addonOrder,
  unfitProviders,
  unmetCapabilities,
} from './addon-graph.js';
export { capabilityOf, meetsRequirement, offersCapability, parseRequirement } from './addon-capability.js';
export type { CapabilityProvider, RequiredCapability } from './addon-capability.js';
export { compareVersions, isVersionRange, satisfiesRange } from './version-range.js';
export { addonDefinitionProblems } from './addon-definition-problems.js';
export type { AddonClosure, AddonConflict, AddonNode, MissingCapability } from './addon-graph.js';
export { resolveAddonConfig } from './addon-config.js';
export type { AddonConfigError, ResolvedAddonConfig } from './addon-config.js';
export { serverSideApply, trackUpdate } from './apply/server-side-apply.js';
export type { ApplyRequest, FieldWrite, UpdateRequest } from './apply/server-side-apply.js';
export { validateObject, validatePodPart, validateUpdate } from './validation/validate-object.js';
export {
  validateAnnotations,
  validateLabels,
  validateMetadata,
  validateMetadataUpdate,
} from './validation/metadata.js';
export { validatePodSpec, validatePodTemplate } from './validation/pod-spec.js';
export { scheduleProblem } from './validation/batch.js';
export { checkStructural } from './schema/structural-check.js';
export { checkFieldRequirements, selectableFields } from './selectors/selectable-fields.js';
export type { FieldGetter } from './selectors/selectable-fields.js';
export {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufList,
  encodeProtobufMessage,
  encodeWatchFrame,
  protobufDefinition,
  protobufMediaType,
} from './protobuf/envelope.js';
export { decodeCustomObject } from './custom/decode-custom-object.js';
export { defaultCustomObject } from './custom/default-custom-object.js';
export { validateValue } from './custom/validate-value.js';
export { described } from './schema/descriptions/describe.js';
