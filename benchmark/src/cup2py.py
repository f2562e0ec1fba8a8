"""What the published Python library does with a request, written anew: it reads the key anew, checks the signature with
python3-rsa, and makes a connection to SQLite for each thing it asks or keeps. What it would send it gives back as text.

Usage: cup2py.py update|search <file of requests, one a line as JSON> <database> <seconds>
Prints how many requests it handled in a second.
"""
import base64
import datetime
import hashlib
import json
import sqlite3
import sys
import time

import rsa

SCHEMA = ('CREATE TABLE IF NOT EXISTS users (publicKeyHash BLOB, publicKey BLOB, ip TEXT, updateDate DATETIME, '
          'digitalSignature BLOB)')
OWN = '0' * 64


class Book:
    """Each method is an operation of its own, with a connection of its own."""

    def __init__(self, path):
        self.path = path
        self.change(SCHEMA)

    def change(self, statement, values=()):
        connection = sqlite3.connect(self.path)
        connection.execute(statement, values)
        connection.commit()
        connection.close()

    def ask(self, statement, values=()):
        connection = sqlite3.connect(self.path)
        rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows


def parse_date(text):
    return datetime.datetime.strptime(text, '%Y-%m-%d %H:%M:%S.%f')


def parse_list(text):
    return [entry for entry in text[1:-1].split(',') if entry != '']


def recipients(book, checked):
    return [ip for user, ip in book.ask('SELECT publicKeyHash, ip FROM users') if user not in checked]


def handle_update(book, fields):
    pem, ip, date_text, signature_text, depth_text, list_text = fields
    key = rsa.PublicKey.load_pkcs1(pem.encode())
    user = hashlib.sha256(pem.encode()).hexdigest()
    date = parse_date(date_text)
    signature = base64.b64decode(signature_text)
    held = book.ask('SELECT updateDate FROM users WHERE publicKeyHash = ?', (user,))
    if held and parse_date(held[0][0]) >= date:
        return None
    rsa.verify(str((key, ip, date)).encode(), signature, key)
    if held:
        book.change('UPDATE users SET ip = ?, updateDate = ?, digitalSignature = ? WHERE publicKeyHash = ?',
                    (ip, date_text, signature_text, user))
    else:
        book.change('INSERT INTO users VALUES (?, ?, ?, ?, ?)', (user, pem, ip, date_text, signature_text))
    depth = int(depth_text)
    if depth <= 0:
        return None
    checked = parse_list(list_text) + [OWN]
    request = ';'.join(['UPDATE', pem, ip, date_text, signature_text, str(depth - 1), '[%s]' % ','.join(checked)])
    return request, recipients(book, checked)


def handle_search(book, fields):
    target, pem, ip, date_text, signature_text, depth_text, list_text = fields
    rsa.PublicKey.load_pkcs1(pem.encode())
    parse_date(date_text)
    base64.b64decode(signature_text)
    results = []
    held = book.ask('SELECT publicKey, ip, updateDate, digitalSignature FROM users WHERE publicKeyHash = ?', (target,))
    if held:
        results.append((';'.join(['UPDATE', *held[0], '0', '[]']), [ip]))
    depth = int(depth_text)
    if depth > 0:
        checked = parse_list(list_text) + [OWN]
        request = ';'.join(['SEARCH', target, pem, ip, date_text, signature_text, str(depth - 1),
                            '[%s]' % ','.join(checked)])
        results.append((request, recipients(book, checked)))
    return results


def handle(book, text):
    kind, *fields = text.split(';')
    result = (handle_update if kind == 'UPDATE' else handle_search)(book, fields)
    if not result:
        raise ValueError('a request that came to nothing')


def main():
    kind, requests, path, seconds = *sys.argv[1:4], float(sys.argv[4])
    book = Book(path)
    with open(requests, encoding='utf-8') as lines:
        every = [json.loads(line) for line in lines]
    updates = [text for text in every if text.startswith('UPDATE')]
    if kind == 'search':
        for text in updates[:64]:
            handle(book, text)
        every = [text for text in every if text.startswith('SEARCH')]
    else:
        every = updates
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds and count < len(every):
        handle(book, every[count])
        count += 1
    print(count / (time.perf_counter() - start))


main()
