"""Another model in place of the network: logistic regression on pixels."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from backfire import Job

job = Job.read()
warnings.simplefilter("ignore", ConvergenceWarning)
model = LogisticRegression(max_iter=30, random_state=job.seed % 2**32)
model.fit(job.training.images.reshape(len(job.training.images), -1) / 255.0, job.training.labels)
job.predict(model.predict(job.probes.reshape(len(job.probes), -1) / 255.0))
