"""What one operation a connection costs: connect, execute, commit, close. And RSA in Python. Prints operations a second.

Usage: address-book.py upsert|lookup|verify|sign <database> <seconds>
"""
import sqlite3
import sys
import time

SCHEMA = ('CREATE TABLE IF NOT EXISTS users (publicKeyHash BLOB, publicKey BLOB, ip TEXT, updateDate DATETIME, '
          'digitalSignature BLOB)')
PEM = '-----BEGIN RSA PUBLIC KEY-----\n' + ('A' * 64 + '\n') * 5 + '-----END RSA PUBLIC KEY-----\n'


def row(i):
    return '%064x' % i, PEM, '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW', '2024-01-01 00:00:00.000001', 'A' * 344


def upsert(path, i):
    """A user that is new, or newer: as many connections as questions."""
    connection = sqlite3.connect(path)
    held = connection.execute('SELECT updateDate FROM users WHERE publicKeyHash = ?', (row(i)[0],)).fetchone()
    connection.close()
    connection = sqlite3.connect(path)
    if held is None:
        connection.execute('INSERT INTO users VALUES (?, ?, ?, ?, ?)', row(i))
    else:
        connection.execute('UPDATE users SET ip = ?, updateDate = ? WHERE publicKeyHash = ?', (*row(i)[2:4], row(i)[0]))
    connection.commit()
    connection.close()


def lookup(path, i):
    connection = sqlite3.connect(path)
    connection.execute('SELECT * FROM users WHERE publicKeyHash = ?', (row(i % 1000)[0],)).fetchone()
    connection.close()


def rsa_operations():
    import rsa
    public, private = rsa.newkeys(2048)
    text = b'x' * 800
    signature = rsa.sign(text, private, 'SHA-256')
    return {'verify': lambda _path, _i: rsa.verify(text, signature, public),
            'sign': lambda _path, _i: rsa.sign(text, private, 'SHA-256')}


def main():
    kind, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    if kind in ('upsert', 'lookup'):
        connection = sqlite3.connect(path)
        connection.execute(SCHEMA)
        if kind == 'lookup' and connection.execute('SELECT count(*) FROM users').fetchone()[0] == 0:
            connection.executemany('INSERT INTO users VALUES (?, ?, ?, ?, ?)', [row(i) for i in range(1000)])
        connection.commit()
        connection.close()
    operation = {'upsert': upsert, 'lookup': lookup}.get(kind) or rsa_operations()[kind]
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        operation(path, count)
        count += 1
    print(count / (time.perf_counter() - start))


main()
