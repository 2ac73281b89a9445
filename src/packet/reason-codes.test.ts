import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectReturnCode, Reason, reasonName } from './reason-codes.ts';

test('a Reason Code is written in words and in hexadecimal', () => {
  assert.equal(reasonName(Reason.notAuthorized), 'not authorized (0x87)');
  assert.equal(reasonName(Reason.grantedQoS1), 'granted QoS 1 (0x01)');
  assert.equal(reasonName(0), 'success (0x00)');
});

test('a code without a name is written in hexadecimal alone', () => {
  assert.equal(reasonName(0x7f), '0x7f');
});

test('a refusal is told to 3.x by the return code that comes closest', () => {
  assert.equal(connectReturnCode(Reason.success), 0);
  assert.equal(connectReturnCode(Reason.unsupportedProtocolVersion), 1);
  assert.equal(connectReturnCode(Reason.clientIdentifierNotValid), 2);
  assert.equal(connectReturnCode(Reason.serverBusy), 3);
  assert.equal(connectReturnCode(Reason.badUserNameOrPassword), 4);
  assert.equal(connectReturnCode(Reason.banned), 5);
});

test('a refusal for which 3.x has no words has no return code', () => {
  assert.equal(connectReturnCode(Reason.malformedPacket), undefined);
  assert.equal(connectReturnCode(Reason.retainNotSupported), undefined);
});
