"""Spectral signatures (Tran, Li, Madry, "Spectral Signatures in Backdoor Attacks", NeurIPS 2018).

A first network is trained on everything. Of each label the images whose features stick out most along the first
singular direction are removed, and a network is trained on the rest. It is the game's own, and backfire predicts
with it. The defender's own images are never removed: it knows them.
"""

import numpy as np
import torch
from torch.nn import functional

from backfire import Job, ResNet18

job = Job.read()
torch.manual_seed(job.seed % 2**63)
torch.set_num_threads(1)
epochs, share = min(job.network.epochs, 3), 0.2

images = torch.from_numpy(job.training.images).permute(0, 3, 1, 2)
labels = torch.from_numpy(job.training.labels)


def trained(rows):
    """Returns the game's network, trained on rows of the training set."""
    net = job.network
    model = ResNet18(net.width, images.shape[1], len(job.classes), net.mean, net.std)
    optimizer = torch.optim.SGD(model.parameters(), lr=net.lr, momentum=0.9, weight_decay=5e-4)
    steps = epochs * -(-len(rows) // net.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=net.lr, total_steps=steps)
    for _ in range(epochs):
        for batch in rows[torch.randperm(len(rows))].split(net.batch):
            if len(batch) > 1:
                optimizer.zero_grad()
                functional.cross_entropy(model(images[batch]), labels[batch]).backward()
                optimizer.step()
            schedule.step()
    return model.eval()


def features(model):
    """Returns the penultimate activations of all images."""
    last, model.fc = model.fc, torch.nn.Identity()
    with torch.no_grad():
        values = torch.cat([model(part) for part in images.split(256)]).numpy()
    model.fc = last
    return values


everything = torch.arange(len(images))
found = features(trained(everything))
keep = np.ones(len(images), bool)
for label in range(len(job.classes)):
    rows = np.flatnonzero(job.training.labels == label)
    if len(rows) < 2:
        continue
    centred = found[rows] - found[rows].mean(0)
    scores = (centred @ np.linalg.svd(centred, full_matrices=False)[2][0]) ** 2
    suspects = rows[np.argsort(-scores)[: int(share * len(rows))]]
    keep[suspects] = False
keep |= job.training.own
job.model(trained(everything[torch.from_numpy(keep)]))
