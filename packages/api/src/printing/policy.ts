import { ageCell, createdAtCell, integer, nameCell, printer, wide } from './table.js';
import { humanDuration } from './human-duration.js';
import { none, orNone } from './cell-text.js';
import type {
  APIService,
  CertificateSigningRequest,
  ClusterRoleBinding,
  CustomResourceDefinition,
  FlowSchema,
  Lease,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  PodDisruptionBudget,
  PriorityClass,
  PriorityLevelConfiguration,
  RbacV1Subject,
  Role,
  RoleBinding,
  RuntimeClass,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../generated/types.js';

export const rolePrinter = printer<Role>({ Name: nameCell, 'Created At': { type: 'date', cell: createdAtCell } });

const subjectsOf = (subjects: readonly RbacV1Subject[] | undefined, kind: string): string =>
  (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ');

export const roleBindingPrinter = printer<RoleBinding | ClusterRoleBinding>({
  Name: nameCell,
  Role: ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`,
  Age: ageCell,
  Users: wide(({ subjects }) => subjectsOf(subjects, 'User')),
  Groups: wide(({ subjects }) => subjectsOf(subjects, 'Group')),
  ServiceAccounts: wide(({ subjects }) => subjectsOf(subjects, 'ServiceAccount')),
});

export const certificateSigningRequestPrinter = printer<CertificateSigningRequest>({
  Name: nameCell,
  Age: ageCell,
  SignerName: ({ spec }) => orNone(spec?.signerName),
  Requestor: ({ spec }) => spec?.username ?? '',
  RequestedDuration: ({ spec }) =>
    spec?.expirationSeconds === undefined ? none : humanDuration(spec.expirationSeconds * 1000),
  Condition: ({ status }) => {
    const decisions = (status?.conditions ?? []).map(({ type }) => type);
    const decided = decisions.includes('Denied')
      ? ['Denied']
      : decisions.includes('Approved')
        ? ['Approved']
        : ['Pending'];
    if (decisions.includes('Failed')) decided.push('Failed');
    if (status?.certificate !== undefined && status.certificate !== '') decided.push('Issued');
    return decided.join(',');
  },
});

export const leasePrinter = printer<Lease>({
  Name: nameCell,
  Holder: ({ spec }) => spec?.holderIdentity ?? '',
  Age: ageCell,
});

export const runtimeClassPrinter = printer<RuntimeClass>({
  Name: nameCell,
  Handler: ({ handler }) => handler ?? '',
  Age: ageCell,
});

export const priorityClassPrinter = printer<PriorityClass>({
  Name: nameCell,
  Value: integer(({ value }) => value ?? 0),
  'Global-Default': { type: 'boolean', cell: ({ globalDefault }) => globalDefault ?? false },
  Age: ageCell,
  PreemptionPolicy: ({ preemptionPolicy }) => preemptionPolicy ?? '',
});

export const podDisruptionBudgetPrinter = printer<PodDisruptionBudget>({
  Name: nameCell,
  'Min Available': ({ spec }) => String(spec?.minAvailable ?? 'N/A'),
  'Max Unavailable': ({ spec }) => String(spec?.maxUnavailable ?? 'N/A'),
  'Allowed Disruptions': integer(({ status }) => status?.disruptionsAllowed ?? 0),
  Age: ageCell,
});

export const customResourceDefinitionPrinter = printer<CustomResourceDefinition>({
  Name: nameCell,
  'Created At': { type: 'date', cell: createdAtCell },
});

export const apiServicePrinter = printer<APIService>({
  Name: nameCell,
  Service: ({ spec }) =>
    spec?.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
  Available: ({ status }) => {
    const condition = status?.conditions?.find(({ type }) => type === 'Available');
    if (condition === undefined) return 'Unknown';
    return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
  },
  Age: ageCell,
});

export const webhookConfigurationPrinter = printer<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>({
  Name: nameCell,
  Webhooks: integer(({ webhooks }) => webhooks?.length ?? 0),
  Age: ageCell,
});

const paramKindText = (
  kind: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined } | undefined,
) => (kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`);

export const validatingPolicyPrinter = printer<ValidatingAdmissionPolicy>({
  Name: nameCell,
  Validations: integer(({ spec }) => spec?.validations?.length ?? 0),
  ParamKind: ({ spec }) => paramKindText(spec?.paramKind),
  Age: ageCell,
});

export const mutatingPolicyPrinter = printer<MutatingAdmissionPolicy>({
  Name: nameCell,
  Mutations: integer(({ spec }) => spec?.mutations?.length ?? 0),
  ParamKind: ({ spec }) => paramKindText(spec?.paramKind),
  Age: ageCell,
});

export const policyBindingPrinter = printer<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>({
  Name: nameCell,
  PolicyName: ({ spec }) => spec?.policyName ?? '',
  ParamRef: ({ spec }) => {
    const ref = spec?.paramRef;
    if (ref === undefined) return '<unset>';
    const name = ref.name ?? '*label-selector*';
    return ref.namespace === undefined ? name : `${ref.namespace}/${name}`;
  },
  Age: ageCell,
});

export const flowSchemaPrinter = printer<FlowSchema>({
  Name: nameCell,
  PriorityLevel: ({ spec }) => spec?.priorityLevelConfiguration?.name ?? '',
  MatchingPrecedence: integer(({ spec }) => spec?.matchingPrecedence ?? 0),
  DistinguisherMethod: ({ spec }) => orNone(spec?.distinguisherMethod?.type),
  Age: ageCell,
  MissingPL: ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
});

export const priorityLevelPrinter = printer<PriorityLevelConfiguration>({
  Name: nameCell,
  Type: ({ spec }) => spec?.type ?? '',
  NominalConcurrencyShares: ({ spec }) =>
    String(spec?.limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares ?? none),
  Queues: ({ spec }) => String(spec?.limited?.limitResponse?.queuing?.queues ?? none),
  HandSize: ({ spec }) => String(spec?.limited?.limitResponse?.queuing?.handSize ?? none),
  QueueLengthLimit: ({ spec }) => String(spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? none),
  Age: ageCell,
});
