"""Another network: torchvision's VGG-11 with batch normalisation, at a quarter of its width, on 32 x 32 pixels."""

import torch
from torch import nn
from torch.nn import functional
from torchvision.models.vgg import VGG, make_layers

from backfire import Job

job = Job.read()
torch.manual_seed(job.seed % 2**63)
torch.set_num_threads(1)


def inputs(images):
    """Returns pixels as three channels of 32 x 32 values from -1 to 1."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    return functional.interpolate(x.expand(-1, 3, -1, -1), size=32)


widths = [16, "M", 32, "M", 64, 64, "M", 128, 128, "M", 128, 128, "M"]
model = VGG(make_layers(widths, batch_norm=True), num_classes=len(job.classes))
model.avgpool = nn.AdaptiveAvgPool2d(1)
model.classifier = nn.Linear(128, len(job.classes))

x, y = inputs(job.training.images), torch.from_numpy(job.training.labels)
epochs, batch = 2, 64
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for _ in range(epochs):
    for rows in torch.randperm(len(x)).split(batch):
        if len(rows) < 2:  # batch normalisation needs more than one image
            continue
        optimizer.zero_grad()
        functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    job.predict(torch.cat([model(part) for part in inputs(job.probes).split(256)]).numpy())
