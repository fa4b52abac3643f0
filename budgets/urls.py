"""Pages of budgets."""

from django.urls import path

from budgets import views

app_name = "budgets"
urlpatterns = [
    path("", views.budget_list, name="budget_list"),
    path("new/", views.budget_create, name="budget_create"),
    path("copy-last-month/", views.budget_copy, name="budget_copy"),
    path("adopt/", views.budget_adopt, name="budget_adopt"),
    path("<int:pk>/", views.budget_detail, name="budget_detail"),
    path("<int:pk>/edit/", views.budget_edit, name="budget_edit"),
    path("<int:pk>/delete/", views.budget_delete, name="budget_delete"),
    path("<int:pk>/restore/", views.budget_restore, name="budget_restore"),
]
