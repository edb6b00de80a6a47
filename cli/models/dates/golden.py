#!/usr/bin/env python3
"""Writes golden.json: what PyTorch computes in float64 from the stored F16 weights, for tests of other implementations."""

import json
import os

import torch

import model as dates_model
from model import CONFIG, END, START, Dates, encode

HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = [
    "the third of May, 2009", "3.5.09", "May 3rd '09", "3 May 2009", "Sunday, 3 May 2009", "2009/5/3", "03-MAY-2009",
    "on May the 3rd, 2009", "twenty-ninth of February 2004", "the 1st of January, nineteen ninety-nine", "5/13/2009",
    "3.V.2009", "SEPT. 7, 1969", "31/12/68", "July 4th, 1776", "the 3rd day of May in the year two thousand and nine",
    "20090503", "Weds. 29 Feb. 2012"]


def reading(model, text):
    """Greedy ids of one text, </s> included, and the log-probability of each."""
    source, ids, scores = torch.tensor([encode(text)]), [START], []
    while ids[-1] != END and len(ids) < 16:
        logs = model(source, torch.tensor([ids]))[0, -1].log_softmax(0)
        ids.append(int(logs.argmax()))
        scores.append(float(logs[ids[-1]]))
    return {"text": text, "source_ids": source[0].tolist(), "greedy_ids": ids[1:], "read": dates_model.decode(ids[1:]),
            "log_probabilities": scores}


@torch.no_grad()
def main():
    model = Dates(CONFIG)
    model.load_state_dict(dates_model.load_safetensors(os.path.join(HERE, "model.safetensors")))
    model.double().eval()
    model.positions = dates_model.sinusoids(256, CONFIG["d_model"])
    with open(os.path.join(HERE, "golden.json"), "w", encoding="utf-8") as out:
        cases = ",\n  ".join(json.dumps(reading(model, text)) for text in TEXTS)
        out.write(f'{{"computed_by": "PyTorch {torch.__version__} in float64",\n "cases": [\n  {cases}\n]}}\n')


if __name__ == "__main__":
    main()
