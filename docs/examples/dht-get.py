# What is under a name on the DHT: python3 dht-get.py <name> [<host:port> of the DHT API]
import hashlib, socket, struct, sys

host, port = (sys.argv[2:] or ['127.0.0.1:7401'])[0].rsplit(':', 1)
key = hashlib.sha256(sys.argv[1].encode()).digest()
api = socket.create_connection((host, int(port)))
api.sendall(struct.pack('>HH', 36, 651) + key)
size, kind = struct.unpack('>HH', api.recv(4, socket.MSG_WAITALL))
answer = api.recv(size - 4, socket.MSG_WAITALL)
print(answer[32:].decode() if kind == 652 else 'not found')
