#!/usr/bin/env python3
"""Trains the LSTM that finds dates, times and amounts of money in a line of text.

It reads characters and tags each of them. The lines are made up: sentences with slots, filled at
random. The lines that it is measured on, written to held_out.txt, are made of sentences that it
never saw, and of fillers of the same kinds.

Written and run with Python 3.11.2, PyTorch 1.13.0a0 (Debian 12's python3-torch 1.13.1) and NumPy
1.24.2 on one x86-64 thread; other versions give another network of about the same quality.

    python3 src/test/python/train_tags.py
"""

import json
import pathlib
import random

import torch

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "resources/dev/lethe/examples/tags"
TAGS = ["O", "DATE", "TIME", "MONEY"]
TRAINING_LINES, HELD_OUT_LINES, STRANGE = 8000, 100, 0.25
EMBEDDING, HIDDEN, EPOCHS, BATCH, RATE = 12, 24, 6, 32, 1e-2

MONTHS = ("January February March April May June July August September October November "
          "December").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NAMES = ("Anna Boris Chen Dora Emil Fatima Georg Hana Ivan Jasper Kofi Lena Mateo Noor Olga Pavel "
         "Quinn Rosa Sven Tara Umar Vera Walter Yusuf Zoe").split()
PLACES = "Bern Lisbon Oslo Quito Riga Seoul Turin Vienna Warsaw York".split()
THINGS = ("boxes chairs copies crates hours kilograms letters litres meters pages parcels "
          "plates seats tickets tons weeks").split()

# These and made-up words stand in for one word in four of a training sentence, so that no sentence is
# learnt by heart.
WORDS = ("a about above after again all and any are around as away back be because been before best "
         "between big but by came can city could day did door down each end every far few find first "
         "for found from gave give go good great had has he help her here him his house how if in "
         "into is it just keep kind know large last left letter like line little long look made "
         "make man many mark me men might more most much must my name near never new next no not "
         "now number of off old on one only open or other our out over own part people place point "
         "print put read right said same saw say see sent she should show small so some soon still "
         "such take tell than that the their them then there these they thing this three through to "
         "together told too took turn two under up us use very want was water way we well went were "
         "what when where which while white who why will with word work world would write year you "
         "your Ask At Do For How If In No Now Our See Some That There They We What Will You").split()

SENTENCES = """
Version {version} , {DATE} : {n} {word} {word} .
{word} {word} {n} {word} {word} {MONEY} {word} .
{word} {version} {word} {word} {word} {DATE} {word} {n} {word} .
{word} {word} {word} {TIME} , {word} {n} {word} {code} .
{word} {name} {n} {word} , {word} {word} {place} {word} .
The invoice {n} of {DATE} over {MONEY} is due on {DATE} .
Please pay {MONEY} before {DATE} .
{name} owes {name} {MONEY} since {DATE} .
We meet on {DATE} at {TIME} in room {n} .
The train to {place} leaves at {TIME} from platform {n} .
Your flight {code} departs on {DATE} at {TIME} .
{name} ordered {n} {things} for {MONEY} .
Call {name} at {phone} after {TIME} .
Version {version} came out on {DATE} .
The shop is open from {TIME} to {TIME} .
Deposit : {MONEY} ; rent : {MONEY} a month .
Order {code} : {n} {things} , {MONEY} each .
On {DATE} , {name} moved to {place} .
{n} {things} arrived in {place} by {TIME} .
Meeting moved from {TIME} to {TIME} on {DATE} , says {name} .
The concert in {place} starts at {TIME} ; seats cost {MONEY} .
It may rain in {place} on {DATE} .
We march {n} miles and pay nothing .
Flat {n} , {n} Main Street , {place}
Total {MONEY}
{DATE} {TIME} server {code} restarted
Born {DATE} in {place} .
Section {version} on page {n} says that {name} will come .
From {DATE} until {DATE} the office in {place} is closed .
{name} paid {MONEY} for {n} {things} and got {MONEY} back .
Dear {name} , thank you for your letter of {DATE} .
My number is {phone} , my desk is {n} .
Lot {code} sold for {MONEY} at {TIME} .
""".strip().splitlines()

UNSEEN = """
Dear {name} , your parcel {code} with {n} {things} reaches {place} on {DATE} at about {TIME} .
The rent for flat {n} rises to {MONEY} on {DATE} .
{name} and {name} left {place} at {TIME} with {n} {things} .
Refund of {MONEY} for ticket {code} , sent {DATE} .
Doors close at {TIME} , the last bus to {place} leaves at {TIME} .
Release {version} , built {DATE} , fixes {n} errors .
Phone {phone} between {TIME} and {TIME} and ask for {name} .
""".strip().splitlines()


def date(r):
    day, month, year = r.randint(1, 28), r.randrange(12), r.randint(1950, 2049)
    return r.choice([
        f"{day} {MONTHS[month]} {year}",
        f"{MONTHS[month]} {day} , {year}",
        f"{day} {MONTHS[month]}",
        f"{MONTHS[month]} {day}",
        f"{year}-{month + 1:02}-{day:02}",
        f"{day:02}.{month + 1:02}.{year}",
        f"{day}/{month + 1}/{year}",
        f"{r.choice(DAYS)}",
        f"{r.choice(DAYS)} , {day} {MONTHS[month]}",
    ])


def time(r):
    hour, minute = r.randrange(24), r.randrange(60)
    return r.choice([
        f"{hour:02}:{minute:02}",
        f"{hour}:{minute:02}",
        f"{hour:02}:{minute:02}:{r.randrange(60):02}",
        f"{hour % 12 + 1} {r.choice(['am', 'pm'])}",
        f"{hour % 12 + 1}:{minute:02} {r.choice(['am', 'pm'])}",
        "noon",
        "midnight",
    ])


def money(r):
    whole = r.choice([r.randint(1, 99), r.randint(100, 9999)])
    amount = r.choice([f"{whole}", f"{whole}.{r.randrange(100):02}", f"{whole:,}"])
    return r.choice([
        f"${amount}",
        f"{r.choice(['EUR', 'USD', 'CHF', 'GBP'])} {amount}",
        f"{amount} {r.choice(['EUR', 'euros', 'dollars', 'francs', 'pounds'])}",
    ])


def word(r):
    """A common word, or one that nobody has heard of."""
    if r.random() < 0.4:
        return r.choice(WORDS)
    made_up = "".join(r.choice("aeiou" if k % 2 else "bcdfghklmnprstvw") for k in range(r.randint(3, 8)))
    made_up += r.choice(["", "s", "s", "ed", "ing", "rs"])
    return made_up.capitalize() if r.random() < 0.3 else made_up


SLOTS = {
    "DATE": date,
    "TIME": time,
    "MONEY": money,
    "n": lambda r: str(r.choice([r.randint(1, 99), r.randint(100, 9999)])),
    "word": word,
    "name": lambda r: r.choice(NAMES),
    "place": lambda r: r.choice(PLACES),
    "things": lambda r: r.choice(THINGS),
    "code": lambda r: f"{r.choice('ABCDEFGH')}{r.choice('KLMNP')}-{r.randint(10, 9999)}",
    "phone": lambda r: f"0{r.randint(10, 99)}-{r.randint(100000, 9999999)}",
    "version": lambda r: f"{r.randint(0, 30)}.{r.randint(0, 30)}",
}


def line(r, sentences, strange=0.0):
    """Words with their tags; this share of those that fill no slot are replaced."""
    words = []
    for part in r.choice(sentences).split():
        slot = part.strip("{}") if part.startswith("{") else None
        replaced = part[-1].isalpha() and r.random() < strange
        text = SLOTS[slot](r) if slot else word(r) if replaced else part
        tag = slot if slot in TAGS else "O"
        words += [(word, tag) for word in text.split()]
    return words


def encode(words):
    """Characters, and the tag of each; a space has that of no word."""
    text = " ".join(word for word, _ in words)
    tags = []
    for word, tag in words:
        tags += [TAGS.index(tag)] * len(word) + [0]
    return torch.tensor([ord(c) for c in text]), torch.tensor(tags[:-1])


class Tagger(torch.nn.Module):
    """ids [batch, time] -> scores [batch, time, 4]."""

    def __init__(self):
        super().__init__()
        self.characters = torch.nn.Embedding(128, EMBEDDING)
        self.lstm = torch.nn.LSTM(EMBEDDING, HIDDEN, batch_first=True, bidirectional=True)
        self.tags = torch.nn.Linear(2 * HIDDEN, len(TAGS))

    def forward(self, ids, lengths):
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            self.characters(ids), lengths, batch_first=True, enforce_sorted=False)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.tags(y)


def batch(lines):
    encoded = [encode(words) for words in lines]
    pad = torch.nn.utils.rnn.pad_sequence
    ids = pad([ids for ids, _ in encoded], batch_first=True)
    tags = pad([tags for _, tags in encoded], batch_first=True, padding_value=-100)
    return ids, tags, torch.tensor([len(ids) for ids, _ in encoded])


def train(lines):
    torch.manual_seed(2026)
    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    steps = EPOCHS * -(-len(lines) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(lines)).split(BATCH):
            ids, tags, lengths = batch([lines[row] for row in rows])
            loss = torch.nn.functional.cross_entropy(model(ids, lengths).transpose(1, 2), tags)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model.eval()


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    r = random.Random(2026)
    model = train([line(r, SENTENCES, STRANGE) for _ in range(TRAINING_LINES)])
    held_out = [line(r, UNSEEN) for _ in range(HELD_OUT_LINES)]
    ids, tags, lengths = batch(held_out)
    with torch.no_grad():
        best = model(ids, lengths).argmax(-1)
    right = words = 0
    for row, pairs in zip(best, held_out):
        at = 0
        for word, tag in pairs:
            right += TAGS[row[at]] == tag
            words += 1
            at += len(word) + 1
    print(f"{right} of {words} words right in {len(held_out)} lines")
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), FOLDER / "tagger.pt")
    description = {"embedding": "characters", "lstm": "lstm", "head": [{"dense": "tags"}]}
    (FOLDER / "tagger.pt.json").write_text(json.dumps(description) + "\n")
    text = "".join(" ".join(f"{w}/{t}" for w, t in pairs) + "\n" for pairs in held_out)
    (FOLDER / "held_out.txt").write_text(text)


if __name__ == "__main__":
    main()
