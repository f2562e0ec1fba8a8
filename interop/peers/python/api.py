"""Plain programs on the node's TCP APIs: 500–503 of gossip, 650–653 of the DHT."""
import asyncio
import hashlib
import json
import logging

from frames import decode, encode, read_frame

log = logging.getLogger('api')


class GossipClient:
    """Subscribes; calls valid what does not begin with `no`, and says that again under the next data type"""

    def __init__(self, config):
        self.config = config
        self.report = {'heard': []}

    async def run(self):
        reader, writer = await asyncio.open_connection(*self.config.api)
        # in single bytes: TCP keeps no boundaries, and nobody may rely on them
        for byte in encode('api', 'notify', dataType=self.config.data_type):
            writer.write(bytes([byte]))
            await writer.drain()
        while True:
            message = decode('api', await read_frame(reader.readexactly))
            assert message['name'] == 'notification', message
            writer.write(self.answer(message))
            await writer.drain()

    def answer(self, message):
        data, valid = message['data'], not message['data'].startswith(b'no')
        self.report['heard'].append({
            'dataType': message['dataType'],
            'bytes': len(data),
            'sha256': hashlib.sha256(data).hexdigest(),
            'valid': valid,
        })
        said = encode('api', 'validation', messageId=message['messageId'], valid=valid)
        again = encode('api', 'announce', ttl=0, dataType=message['dataType'] + 1, data=data)
        return said + again if valid else said


class DhtClient:
    """Carries out the steps of a file: ["put", key, value, ttl, replication] and ["get", key], in hex and numbers"""

    def __init__(self, config):
        self.config = config
        self.report = {'answers': []}

    async def run(self):
        reader, writer = await asyncio.open_connection(*self.config.api)
        with open(self.config.steps, encoding='utf-8') as file:
            steps = json.load(file)
        for kind, key, *rest in steps:
            key = bytes.fromhex(key)
            if kind == 'put':
                value, ttl, replication = bytes.fromhex(rest[0]), *rest[1:]
                writer.write(encode('dht', 'put', ttl=ttl, replication=replication, key=key, value=value))
                await writer.drain()
            else:
                writer.write(encode('dht', 'get', key=key))
                message = decode('dht', await read_frame(reader.readexactly))
                answer = {'name': message['name'], 'keyHex': message['key'].hex()}
                if 'value' in message:
                    answer['valueHex'] = message['value'].hex()
                self.report['answers'].append(answer)
        writer.close()
        await writer.wait_closed()
