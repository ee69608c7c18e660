import type { CertificateSigningRequest, Node, ObjectKey, SubjectAccessReview } from '@geobuk/api';
import { certificateSigningRequests, keyOf, nodes, subjectAccessReviews } from '@geobuk/api';
import type { ResourceType } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';
import type { CertificateWish } from './csr-policy.js';
import {
  isDecided,
  isNodeClientRequest,
  isRenewalOfOneself,
  kubeletServing,
  parseRequest,
  servingRequestVerdict,
} from './csr-policy.js';

export interface CsrApprovingControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

/** Approves the certificates that nodes need, when RBAC lets their requester have them. Follows: csrapproving controller. */
export class CsrApprovingController implements Controller {
  readonly name = 'certificatesigningrequest-approving';
  readonly watches;
  readonly #deps: CsrApprovingControllerDeps;
  readonly #requests: Lister<CertificateSigningRequest>;
  readonly #nodes: Lister<Node>;

  constructor(deps: CsrApprovingControllerDeps) {
    this.#deps = deps;
    this.#requests = deps.informers.of(certificateSigningRequests).lister;
    this.#nodes = deps.informers.of(nodes).lister;
    this.watches = [
      primary(certificateSigningRequests),
      // A serving request waits for the node's addresses.
      mapped(nodes, (now) => this.#waitingFor(now)),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const csr = this.#requests.get(key); // check
    if (csr === undefined || isDecided(csr) || csr.status?.certificate !== undefined) return settled;
    let wish: CertificateWish;
    try {
      wish = parseRequest(csr);
    } catch {
      return settled; // not ours to judge; the signer says what is wrong when somebody approves it
    }
    const message = await this.#reasonToApprove(csr, wish, signal); // diff
    if (message === undefined) return settled;
    const now = rfc3339(this.#deps.clock.now());
    const condition = {
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message,
      lastUpdateTime: now,
      lastTransitionTime: now,
    };
    const body = { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } };
    trace.found(`${wish.commonName} asks for a certificate`);
    await this.#deps.client.updateSubresource(certificateSigningRequests as ResourceType, key, 'approval', body, {
      signal,
    }); // act
    trace.did('approved it');
    return settled;
  }

  async #reasonToApprove(
    csr: CertificateSigningRequest,
    wish: CertificateWish,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (csr.spec.signerName === kubeletServing) {
      const node = this.#nodes.get({ name: wish.commonName.replace('system:node:', '') });
      return servingRequestVerdict(csr, wish, node) === 'approve'
        ? 'Auto approving kubelet serving certificate for the addresses of its node.'
        : undefined;
    }
    if (!isNodeClientRequest(csr, wish)) return undefined;
    if (isRenewalOfOneself(csr, wish) && (await this.#may(csr, 'selfnodeclient', signal))) {
      return 'Auto approving self kubelet client certificate after SubjectAccessReview.';
    }
    return (await this.#may(csr, 'nodeclient', signal))
      ? 'Auto approving kubelet client certificate after SubjectAccessReview.'
      : undefined;
  }

  async #may(csr: CertificateSigningRequest, subresource: string, signal: AbortSignal): Promise<boolean> {
    const { username = '', groups = [], uid, extra } = csr.spec;
    const review: SubjectAccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: username,
        groups,
        ...(uid === undefined ? {} : { uid }),
        ...(extra === undefined ? {} : { extra }),
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          subresource,
          verb: 'create',
          version: '*',
        },
      },
    };
    return (await this.#deps.client.create(subjectAccessReviews, review, { signal })).status?.allowed === true;
  }

  #waitingFor(node: Node | undefined): readonly ObjectKey[] {
    if (node === undefined) return [];
    const username = `system:node:${node.metadata.name ?? ''}`;
    return this.#requests
      .list()
      .filter((csr) => csr.spec.signerName === kubeletServing && csr.spec.username === username && !isDecided(csr))
      .map(keyOf);
  }
}
