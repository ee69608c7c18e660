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
import { MetricsServer } from './server/metrics-server.js';
import { lifeMs, newServingCertificate } from './server/serving-certificate.js';
import { readTrustAnchors } from './server/trust-anchors.js';

/** The front proxy's authority changes once in years; a look now and then is cheaper than a watch for ever. */
const anchorsEveryMs = 300_000;
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
  let anchors = await readTrustAnchors(client, signal);
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
    authentication: new Authentication({ client, clock, anchors: () => anchors }),
    authorization: new Authorization({ client, clock }),
    clock,
    log,
    notReady: () => (scraper.turns > 0 ? undefined : 'no kubelet was asked yet'),
    prometheus: async () => `${clusterExposition(store)}${await own.registry.metrics()}`,
  });
  const port = metricsPort(cluster.id, config.port);
  await server.listen('0.0.0.0', port, certificate, anchors.pem);
  registration.trust(certificate.ca);
  log.info({ port, resolutionMs }, 'serving');

  const keepTrust = async (all: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.after(anchorsEveryMs, { signal: all });
      const before = { anchors, certificate };
      anchors = await readTrustAnchors(client, all).catch((error: unknown) => {
        if (!all.aborted) log.warn({ err: error }, 'the API does not say whom to trust: it stays as it was');
        return anchors;
      });
      if (certificate.notAfterMs - clock.now() < renewBeforeMs)
        certificate = await newServingCertificate(servingNames, clock.now());
      if (before.certificate === certificate && before.anchors.pem === anchors.pem) continue;
      server.renew(certificate, anchors.pem);
      registration.trust(certificate.ca);
    }
  };
  await runTogether(signal, [
    keepTrust,
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
