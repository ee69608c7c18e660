import { describe, expect, it } from 'vitest';
import { parseClusterInfo } from './cluster-info.js';

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const server = 'server: https://192.0.2.2:6443';
const ca = `certificate-authority-data: ${Buffer.from(pem).toString('base64')}`;

describe('parseClusterInfo', () => {
  it('reads address and CA of the cluster that is talked to', () => {
    const kubeconfig = `apiVersion: v1\nclusters:\n  - cluster:\n      ${ca}\n      ${server}\n    name: ""\n`;
    expect(parseClusterInfo(kubeconfig)).toEqual({ server: 'https://192.0.2.2:6443', ca: Buffer.from(pem) });
  });

  it.each([
    ['server', ca],
    ['certificate-authority-data', server],
  ])('says when %s is missing, and what to do', (name, text) => {
    expect(() => parseClusterInfo(text)).toThrow(`names no ${name}: restart the control plane, which writes it`);
  });
});
