#!/usr/bin/env node
import { apiServices, nodes, pods } from '@geobuk/api';
import { runAgent, runTogether } from '@geobuk/addon-sdk';
import type { Clock } from '@geobuk/client';
import { allSettledOrThrow, inClusterConfig } from '@geobuk/client';
import { MetricsCatalogue } from './api/metrics-catalogue.js';
import type { MetricsConfig } from './config.js';
import { apiServiceName, metricsPort, servingNames } from './manifests.js';
import { History } from './samples/history.js';
import { SampleStore } from './samples/sample-store.js';
import { KubeletClients } from './scrape/kubelet-clients.js';
import { Scraper } from './scrape/scraper.js';
import { ApiRegistration } from './server/api-registration.js';
import { Authentication } from './server/authentication.js';
import { Authorization } from './server/authorization.js';
import { clusterExposition, createServerMetrics } from './server/cluster-exposition.js';
import { followTrustAnchors } from './server/follow-trust-anchors.js';
import { MetricsServer } from './server/metrics-server.js';
import { lifeMs, newServingCertificate } from './server/serving-certificate.js';
import { nobodyTrusted } from './server/trust-anchors.js';
import type { TrustAnchors } from './server/trust-anchors.js';

const certificateEveryMs = 300_000;
/** The certificate is made anew long before it ends. */
const renewBeforeMs = lifeMs / 3;

await runAgent<MetricsConfig>('metrics', async ({ config, cluster, client, informers, clock, log }, signal) => {
  const resolutionMs = config.resolutionSeconds * 1000;
  const slots = Math.ceil((config.history.minutes * 60) / config.resolutionSeconds);
  const history = new History({ stepMs: resolutionMs, slots, maxSeries: config.history.maxSeries });
  const store = new SampleStore({ history, resolutionMs });
  const own = createServerMetrics(history);
  const nodeInformer = informers.of(nodes);
  const podInformer = informers.of(pods);
  await using kubelets = new KubeletClients(await inClusterConfig());
  const scraper = new Scraper({
    nodeLister: nodeInformer.lister,
    kubelets,
    store,
    clock,
    log,
    resolutionMs,
    onAnswer: own.answered,
  });
  // Until the API has said whom to trust nobody is, but the probes are answered.
  let anchors: TrustAnchors | undefined;
  let certificate = await newServingCertificate(servingNames, clock.now());
  const registration = new ApiRegistration({
    client,
    apiServices: informers.of(apiServices, { fieldSelector: `metadata.name=${apiServiceName}` }),
    clock,
    log,
  });
  await using server = new MetricsServer({
    catalogue: new MetricsCatalogue({ nodeLister: nodeInformer.lister, podLister: podInformer.lister, store, clock }),
    history,
    historyStepMs: resolutionMs,
    authentication: new Authentication({ client, clock, anchors: () => anchors ?? nobodyTrusted }),
    authorization: new Authorization({ client, clock }),
    clock,
    log,
    notReady: () =>
      anchors === undefined
        ? 'the API has not said yet whom to trust'
        : scraper.turns > 0
          ? undefined
          : 'no kubelet was asked yet',
    prometheus: async () => `${clusterExposition(store)}${await own.registry.metrics()}`,
  });
  const port = metricsPort(cluster.id, config.port);
  await server.listen('0.0.0.0', port, certificate, nobodyTrusted.pem);
  registration.trust(certificate.ca);
  log.info({ port, resolutionMs }, 'serving');

  const renew = (): void => server.renew(certificate, (anchors ?? nobodyTrusted).pem);
  const keepCertificate = async (all: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.after(certificateEveryMs, { signal: all });
      if (certificate.notAfterMs - clock.now() >= renewBeforeMs) continue;
      certificate = await newServingCertificate(servingNames, clock.now());
      renew();
      registration.trust(certificate.ca);
    }
  };
  const trust = (read: TrustAnchors): void => {
    const changed = read.pem !== anchors?.pem;
    anchors = read;
    if (changed) renew();
  };
  await runTogether(signal, [
    keepCertificate,
    (all) => followTrustAnchors({ client, clock, log }, trust, all),
    (all) => registration.run(all),
    async (all) => {
      await allSettledOrThrow([nodeInformer.whenSynced(all), podInformer.whenSynced(all)]);
      await afterFirst(scraper, clock, all);
    },
  ]);
});

/** A second look soon after the first: without it there would be no numbers for a whole period. */
async function afterFirst(scraper: Scraper, clock: Clock, signal: AbortSignal): Promise<void> {
  await scraper.turn(clock.now(), signal);
  await clock.after(2_000, { signal });
  await scraper.run(signal);
}
