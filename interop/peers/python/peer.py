"""The process contract of interop/README.md: configuration by PEER_* variables, one line of JSON when told to end"""
import asyncio
import json
import logging
import os
import sys
import threading

from api import DhtClient, GossipClient
from gossip import Gossip
from shouter import Shouter
from users import Users
from vectors import verify


class Config:
    def __init__(self, env):
        self.protocol = env.get('PEER_PROTOCOL', '')
        self.seed = bytes.fromhex(env.get('PEER_SEED', ''))
        self.listen = tcp(env['PEER_LISTEN'])[:2] if env.get('PEER_LISTEN') else None
        self.dial = [tcp(text) for text in env.get('PEER_DIAL', '').split(',') if text]
        self.bits = int(env.get('PEER_DIFFICULTY_BITS', '24'))
        self.data_type = int(env.get('PEER_DATA_TYPE', '1337'))
        host, _, port = env.get('PEER_API', ':0').rpartition(':')
        self.api = (host, int(port))
        self.steps = env.get('PEER_STEPS', '')


def tcp(address):
    """`/ip4/<host>/tcp/<port>[/p2p/<id>]`"""
    parts = address.split('/')
    return parts[2], int(parts[4]), parts[6] if len(parts) > 6 else None, address


TASKS = {'api': GossipClient, 'dht-api': DhtClient}
PEERS = {'/hearsay/cup2py/1.0.0': Users, '/hearsay/shout/1.0.0': Shouter}


async def until_told(task):
    """Run it until stdin is closed, or it is done"""
    told, loop = asyncio.Event(), asyncio.get_running_loop()

    def wait():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(told.set)

    threading.Thread(target=wait, daemon=True).start()
    running, end = asyncio.create_task(task.run()), asyncio.create_task(told.wait())
    timeout = float(os.environ.get('PEER_TIMEOUT', '300'))
    done, _ = await asyncio.wait([running, end], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    if not done:
        raise TimeoutError(f'nobody closed stdin within {timeout} s')
    if running in done:
        running.result()


def main():
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format='%(asctime)s %(name)s %(message)s')
    task = os.environ['PEER_TASK']
    if task == 'vectors':
        report = verify(os.environ['PEER_VECTORS'].split(','))
    else:
        config = Config(os.environ)
        runner = (PEERS.get(config.protocol, Gossip) if task == 'peer' else TASKS[task])(config)
        asyncio.run(until_told(runner))
        report = runner.report
    print(json.dumps(report), flush=True)
    # a thread that looks for a proof would hold the process
    os._exit(0)


main()
