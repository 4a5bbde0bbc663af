{{/*
An account and a Deployment: how everything that goes on for ever runs. Takes {root, name, module, listens, container,
replicas}; an autoscaler's own number is nil. One of the listens is health.
*/}}
{{- define "hashtill.workload" }}
{{- $root := .root }}
{{- $scope := pick . "root" "name" }}
{{- $fullname := printf "%s-%s" (include "hashtill.fullname" $root) .name }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $fullname }}
  labels: {{- include "hashtill.labels" $scope | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}
  labels: {{- include "hashtill.labels" $scope | nindent 4 }}
spec:
  {{- if .replicas }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels: {{- include "hashtill.selector" $scope | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels: {{- include "hashtill.labels" $scope | nindent 8 }}
      {{- with $root.Values.pods.annotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ $fullname }}
      # The pause before the stop, the stop itself (under 5 s), and as much again for a busy node.
      terminationGracePeriodSeconds: {{ add $root.Values.pods.preStopSeconds 10 }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "hashtill.selector" $scope | nindent 14 }}
        {{- end }}
      {{- include "hashtill.pod" $root | nindent 6 }}
      containers:
        - name: {{ .name }}
          command: [python, -m, {{ .module | quote }}]
          {{- .container | nindent 10 }}
          ports:
            {{- range .listens }}
            - name: {{ .purpose }}
              containerPort: {{ .port }}
            {{- end }}
          {{- range .listens }}
          {{- if eq .purpose "health" }}
          # Alive as soon as it is imported; what it then waits for stands in its log, and readiness tells when it is done.
          startupProbe:
            grpc: {port: {{ .port }}}
            periodSeconds: 1
            timeoutSeconds: 1
            failureThreshold: 60
          livenessProbe:
            grpc: {port: {{ .port }}}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          readinessProbe:
            grpc: {port: {{ .port }}, service: readiness}
            periodSeconds: 2
            timeoutSeconds: 1
            failureThreshold: 2
          {{- end }}
          {{- end }}
          # Peers hear of the end before the process does: it stops at once when told.
          lifecycle:
            preStop:
              sleep: {seconds: {{ $root.Values.pods.preStopSeconds }}}
{{- end -}}
