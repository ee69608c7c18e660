export { startTestServer } from './test-server.js';
export type { Answer, TestRequest, TestResponse, TestServer } from './test-server.js';
